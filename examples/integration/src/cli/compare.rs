//! `gate compare`: what both sides of the linked records hold, field by field, for a person who compares them.

use serde::Serialize;
use sync_core::catalogue::Catalogue;
use sync_core::field::FieldId;
use sync_core::ids::{HitClientId, ItemId, Kind, Side, TicketId};
use sync_core::kernel::Relation;
use sync_core::record::{HaloTicket, HitItem};
use sync_core::settings::{Direction, FieldRule};

use super::Context;
use super::words;
use super::work::Session;
use crate::engine::{Reach, View};
use crate::exit::{Exit, Failure};
use crate::render::{Out, Style, Table};

/// What the two values of a field are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Relates {
    /// Both are the same, or the maps make them the same.
    Agrees,
    /// They are not, although the field is synced.
    Differs,
    /// The field is not synced: switched off, or one side has no such field.
    NotSynced,
    /// One side could not be read.
    CannotTell,
}

impl Relates {
    const fn shown(self) -> (Style, &'static str) {
        match self {
            Self::Agrees => (Style::Good, "agrees"),
            Self::Differs => (Style::Bad, "differs"),
            Self::NotSynced => (Style::Faint, "not synced"),
            Self::CannotTell => (Style::Warning, "cannot tell"),
        }
    }
}

/// One field of one pair.
#[derive(Debug, Serialize)]
struct Field {
    field: FieldId,
    state: Relates,
    halo: String,
    hit: String,
}

/// One item and one of its tickets.
#[derive(Debug, Serialize)]
struct Pair {
    item: ItemId,
    client: HitClientId,
    name: String,
    kind: Kind,
    ticket: TicketId,
    /// Whether both records could be read. If not, there is nothing to compare.
    read: bool,
    fields: Vec<Field>,
}

#[derive(Debug, Serialize)]
struct Comparison {
    agree: usize,
    differ: usize,
    not_synced: usize,
    cannot_tell: usize,
    /// Pairs of which a record could not be read.
    unread: usize,
    pairs: Vec<Pair>,
}

/// `gate compare`. Reads both systems whole, and writes nothing to them.
pub(super) async fn compare(context: &mut Context) -> Result<Exit, Failure> {
    let session = Session::open(context, "gate compare").await?;
    let looked = session.look(Reach::Everything).await;
    let (view, _) = session.end(looked).await?;
    let found = Comparison::new(pairs(&view));
    let exit = if found.differ + found.unread > 0 { Exit::Partial } else { Exit::Done };
    context.out.result("gate compare", exit, &found);
    show(&found, &mut context.out);
    Ok(exit)
}

impl Comparison {
    fn new(pairs: Vec<Pair>) -> Self {
        let count = |state| pairs.iter().flat_map(|pair| &pair.fields).filter(|f| f.state == state).count();
        Self {
            agree: count(Relates::Agrees),
            differ: count(Relates::Differs),
            not_synced: count(Relates::NotSynced),
            cannot_tell: count(Relates::CannotTell),
            unread: pairs.iter().filter(|pair| !pair.read).count(),
            pairs,
        }
    }
}

/// The pairs of all links that take part, in the order of their items.
fn pairs(view: &View) -> Vec<Pair> {
    let scope = &view.settings.sync.scope;
    let mut found = Vec::new();
    for link in view.links.iter().filter(|link| scope.contains(&link.client)) {
        let item = view.snapshot.item(&link.item);
        for kind in Kind::ALL {
            let Some(id) = link.ticket(kind) else { continue };
            let ticket = view.snapshot.ticket(id);
            let name = item.and_then(|item| item.fields.get(FieldId::Name).value());
            let fields = match (item, ticket) {
                (Some(item), Some(ticket)) => fields(view, kind, item, ticket),
                _ => Vec::new(),
            };
            found.push(Pair {
                item: link.item.clone(),
                client: link.client.clone(),
                name: name.map_or_else(|| link.item.to_string(), ToString::to_string),
                kind,
                ticket: id,
                read: item.is_some() && ticket.is_some(),
                fields,
            });
        }
    }
    found
}

fn fields(view: &View, kind: Kind, item: &HitItem, ticket: &HaloTicket) -> Vec<Field> {
    let all = FieldId::ALL.into_iter();
    let known = all.filter(|field| *field != FieldId::LinkBack && FieldRule::exists(kind, *field));
    known.map(|field| one(view, kind, field, item, ticket)).collect()
}

fn one(view: &View, kind: Kind, field: FieldId, item: &HitItem, ticket: &HaloTicket) -> Field {
    let (halo, hit) = (ticket.fields.get(field), item.fields.get(field));
    let rule = view.settings.rule(kind, field);
    let relation = match field {
        FieldId::Status => Relation::Status {
            ticket_type: ticket.ticket_type,
            map: view.settings.status.get(&ticket.ticket_type),
        },
        FieldId::Responsible => Relation::People(&view.directory),
        _ => Relation::of_values(rule),
    };
    let off = rule.direction == Direction::Off;
    let state = match (halo.seen(), hit.seen()) {
        _ if off || !hit_has(&view.catalogue, field) => Relates::NotSynced,
        (Some(halo), Some(hit)) if relation.consistent(halo, hit) => Relates::Agrees,
        (Some(_), Some(_)) => Relates::Differs,
        _ => Relates::CannotTell,
    };
    let said = |side, obs| words::observed(Some(&view.catalogue), side, obs);
    Field { field, state, halo: said(Side::Halo, halo), hit: said(Side::Hit, hit) }
}

const fn hit_has(catalogue: &Catalogue, field: FieldId) -> bool {
    let can = catalogue.capabilities;
    match field {
        FieldId::Start => can.start_date,
        FieldId::Hours => can.hours,
        FieldId::BudgetMonthly | FieldId::BudgetAnnual => can.recurring_budget,
        _ => true,
    }
}

fn show(found: &Comparison, out: &mut Out) {
    if found.pairs.is_empty() {
        out.line("No link of a client that takes part exists yet.");
        return;
    }
    for pair in &found.pairs {
        let head = format!("{} ({}, {} {})", pair.name, pair.item, pair.kind, pair.ticket);
        out.line(out.paint(Style::Heading, &head));
        if !pair.read {
            out.line(out.paint(Style::Warning, "  One of the two could not be read."));
            continue;
        }
        let mut table = Table::new(["", "Field", "HumanizeIT", "Halo"]);
        for Field { field, state, halo, hit } in &pair.fields {
            let (style, word) = state.shown();
            table.styled_row([
                (style, word.to_owned()),
                (Style::Plain, field.label().to_owned()),
                (Style::Plain, hit.clone()),
                (Style::Plain, halo.clone()),
            ]);
        }
        out.table(&table);
        out.line("");
    }
    out.line(format!(
        "{} fields agree, {} differ, {} are not synced, {} cannot be told.",
        found.agree, found.differ, found.not_synced, found.cannot_tell
    ));
    if found.differ > 0 {
        out.paragraph(
            0,
            "What differs is a conflict (`halo-hit issues`), waits for the next sync, or goes one way only.",
        );
    }
}
