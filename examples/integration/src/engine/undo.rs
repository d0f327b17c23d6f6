//! Which lines of a run's history can be taken back, and the plan that does it.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::base::Link;
use sync_core::field::FieldRow;
use sync_core::ids::{ItemId, Side};
use sync_core::planner::undo::{Kept, Undo, Wrote, undo};
use sync_core::value::Obs;

use super::{Engine, Planned, View};
use crate::exit::Failure;
use crate::storage::{HistoryEntry, HistoryFilter, HistoryRow, Lease, Outcome, RecordKey, RunId};

/// A line of history that is not taken back, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Left {
    /// The line.
    #[serde(flatten)]
    pub line: HistoryRow,
    /// Why, as a sentence about it.
    pub reason: String,
}

/// What taking back a run would do.
#[derive(Debug, Clone)]
pub struct Undone {
    /// The plan.
    pub planned: Planned,
    /// What stays as the run has left it.
    pub left: Vec<Left>,
}

/// How many lines of one run, or of one record, are looked at.
const LINES: u32 = 1_000_000;

impl Engine {
    /// Plans to restore what a run has overwritten, where nobody has changed it since. Writes nothing to either system;
    /// what the lists do not say of the records concerned is read in detail first, into the view. `read` is told after
    /// each of them.
    ///
    /// # Errors
    /// A run that does not exist, refused credentials, a system that does not answer any more, and those of the store.
    ///
    /// # Cancel safety
    /// May be dropped anywhere.
    pub async fn undo(
        &self,
        lease: &Lease,
        view: &mut View,
        run: RunId,
        read: &(dyn Fn() + Sync),
    ) -> Result<Undone, Failure> {
        if !self.store.runs(u32::MAX).await?.iter().any(|known| known.id == run) {
            return Err(Failure::usage(
                "no_such_run",
                format!("there is no run {run}"),
                "`halo-hit history` shows the numbers of runs",
            ));
        }
        let mut lines =
            self.store.history(&HistoryFilter { run: Some(run), limit: LINES, ..Default::default() }).await?;
        lines.reverse();
        let (mut wrote, mut rows, mut left) = (Vec::new(), Vec::new(), Vec::new());
        let mut told = BTreeSet::new();
        for row in lines {
            match overwrote(&row.entry) {
                Line::Value(one) => {
                    wrote.push(one);
                    rows.push(row);
                }
                // One line tells of an operation, however many fields it has.
                Line::Stays(_) | Line::Linked if !told.insert(row.entry.op) => {}
                Line::Stays(reason) => left.push(Left { reason: reason.to_owned(), line: row }),
                Line::Linked => left.push(Left { reason: still_linked(view, &row.entry), line: row }),
                Line::Nothing => {}
            }
        }
        let links: BTreeMap<&ItemId, &Link> = view.links.iter().map(|link| (&link.item, link)).collect();
        let unseen: BTreeSet<RecordKey> =
            wrote.iter().flat_map(|one| not_said(view, links.get(&one.item).copied(), one)).collect();
        self.read_details(lease, view, &unseen, read).await?;
        // Whether a ticket is priced decides about its money: without knowing, nothing of it is taken back.
        let (known, unknown): (Vec<_>, Vec<_>) =
            wrote.into_iter().zip(rows).partition(|(one, _)| !is_price_unknown(view, one));
        let (wrote, rows): (Vec<Wrote>, Vec<HistoryRow>) = known.into_iter().unzip();
        let unread = || Kept::NotRead(Side::Halo).words().to_owned();
        left.extend(unknown.into_iter().map(|(_, line)| Left { line, reason: unread() }));
        let Undo { plan, kept } = undo(&view.input(self), run, &wrote);
        for (place, why) in kept {
            let Some(row) = rows.get(place) else { continue };
            let mut reason = why.words().to_owned();
            if matches!(why, Kept::ChangedSince(_))
                && let Some(later) = self.written_later(row).await?
            {
                reason = format!("was written again by run {later}; undo that one first");
            }
            left.push(Left { line: row.clone(), reason });
        }
        left.sort_by_key(|left| left.line.id);
        Ok(Undone { planned: Planned::new(plan), left })
    }

    /// The last later run of ours that wrote the same field of the same record.
    async fn written_later(&self, row: &HistoryRow) -> Result<Option<RunId>, Failure> {
        let record = row.entry.record.clone();
        let lines = self.store.history(&HistoryFilter { record, limit: LINES, ..Default::default() }).await?;
        let same = |later: &&HistoryRow| {
            later.id > row.id
                && later.entry.field == row.entry.field
                && later.entry.outcome == Outcome::Applied
                && later.entry.run > row.entry.run
        };
        Ok(lines.iter().find(same).and_then(|later| later.entry.run))
    }
}

/// What has to be read in detail before a value can be taken back: lists say neither everything nor whether a ticket was
/// priced.
fn not_said(view: &View, link: Option<&Link>, wrote: &Wrote) -> impl Iterator<Item = RecordKey> {
    let lacks = |row: &FieldRow| *row.get(wrote.field) == Obs::NotFetched;
    let ticket = wrote.ticket.or_else(|| link.and_then(|link| link.ticket(link.leading()?)));
    let ticket = ticket.and_then(|id| view.snapshot.ticket(id)).filter(|ticket| lacks(&ticket.fields));
    let ticket = ticket.map(|ticket| ticket.id).or(wrote.ticket.filter(|_| is_price_unknown(view, wrote)));
    let item = view.snapshot.item(&wrote.item).filter(|item| lacks(&item.fields));
    ticket.map(RecordKey::Ticket).into_iter().chain(item.map(|item| RecordKey::Item(item.id.clone())))
}

/// Whether it is money of a ticket of which it is not known whether it was priced.
fn is_price_unknown(view: &View, wrote: &Wrote) -> bool {
    let ticket = wrote.ticket.and_then(|id| view.snapshot.ticket(id));
    wrote.field.is_money() && ticket.is_some_and(|ticket| ticket.priced.is_none())
}

/// What became of a link that the run has made.
fn still_linked(view: &View, entry: &HistoryEntry) -> String {
    let link = entry.item.as_ref().and_then(|item| view.links.iter().find(|link| link.item == *item));
    match link.filter(|link| link.leading().is_some()) {
        Some(link) => {
            format!("was linked; `halo-hit pair {} unlink` ends a link that is wrong", link.item)
        }
        None => "was linked, and the link has ended since".to_owned(),
    }
}

/// What a line means to an undo.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// A value was overwritten.
    Value(Wrote),
    /// Something was done that is not taken back.
    Stays(&'static str),
    /// Two records were linked.
    Linked,
    /// Nothing was done, or nothing that anybody would want back.
    Nothing,
}

fn overwrote(entry: &HistoryEntry) -> Line {
    match entry.outcome {
        // Whether it arrived or not, nothing was overwritten, and no later sync need come to know.
        Outcome::Unknown if entry.action == "link_back" => return Line::Nothing,
        Outcome::Applied => {}
        Outcome::Unknown => return Line::Stays("has an outcome that is not known yet; sync first"),
        Outcome::Rejected | Outcome::NotApplied | Outcome::NotKept | Outcome::Skipped => {
            return Line::Nothing;
        }
    }
    match entry.action.as_str() {
        "update" | "status_write" => {}
        "create" => return Line::Stays("was created, and nothing is deleted; archive it by hand if need be"),
        "promote" => return Line::Stays("became a project, and a promotion is not taken back"),
        "close_won" => return Line::Stays("was closed as won; reopen it in Halo if that was wrong"),
        "adopt" => return Line::Linked,
        "unlink" => return Line::Stays("was unlinked; `halo-hit pair` links it again"),
        "link_back" => return Line::Stays("only refers to the other record, and still does"),
        _ => return Line::Nothing,
    }
    let (Some(field), Some(item), Some(record)) = (entry.field, &entry.item, &entry.record) else {
        return Line::Stays("has no value in the history");
    };
    if entry.before.is_none() && field == sync_core::field::FieldId::Status {
        return Line::Stays("has no old value in the history");
    }
    let ticket = match record {
        RecordKey::Ticket(ticket) => Some(*ticket),
        RecordKey::Item(_) => None,
    };
    debug_assert_eq!(ticket.is_some(), record.side() == Side::Halo);
    Line::Value(Wrote {
        item: item.clone(),
        ticket,
        field,
        before: entry.before.clone(),
        after: entry.after.clone(),
    })
}
