//! Reading both systems into a view that a plan can be made from.
//!
//! The order matters. What was marked before, and by when, is looked up first; then the servers are asked; then, in one
//! transaction, the records read, their marks and the new bounds are stored. From that moment no change that was seen
//! can be forgotten, whatever happens to this process.

use std::collections::{BTreeMap, BTreeSet};

use rest_core::clock::Moment;
use sync_core::base::{BaseHead, Intent, Link};
use sync_core::catalogue::{Catalogue, Directory};
use sync_core::decision::{Candidates, Decisions};
use sync_core::exec::DirtyMark;
use sync_core::field::FieldId;
use sync_core::ids::{HaloClientId, HitClientId, Kind, Side, TicketId};
use sync_core::planner::{self, Digests, PlanInput};
use sync_core::record::{Coverage, Snapshot};
use sync_core::settings::{Direction, Finding, Settings, Severity, validate};
use sync_core::stamp::{ClockId, Stamp};
use sync_core::value::Obs;

use super::absence::{self, take_evidence};
use super::feed::Feed;
use super::halo::Found;
use super::kept::Kept;
use super::manner::Manner;
use super::people::Matches;
use super::rows::{BY_FEED, Rows, dirty_mark, tell_tasks};
use super::{Engine, perform};
use crate::exit::Failure;
use crate::storage::{Change, Dirty, Lease, RecordKey, Told, WEBHOOK};

/// How much to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What changed since the last read, where that is known.
    Changes,
    /// Everything: types, statuses, people, clients and all records.
    Everything,
}

/// Everything that a plan is made from, and what is needed to carry it out.
pub struct View {
    /// The database and its state.
    pub head: BaseHead,
    /// The settings in force: without what the tenants do not have.
    pub settings: Settings,
    /// What the settings name and the tenants do not have.
    pub vanished: Vec<Finding>,
    /// Digests of the settings, the catalogue and the directory, made once for all plans from this view.
    digests: Digests,
    /// What both tenants have.
    pub catalogue: Catalogue,
    /// Names of all ticket types.
    pub found: Found,
    /// Which client and which person is which.
    pub directory: Directory,
    /// How clients and people were matched, with what is still open.
    pub matches: Matches,
    /// All links.
    pub links: Vec<Link>,
    /// Creates whose outcome is not known.
    pub intents: Vec<Intent>,
    /// The records.
    pub snapshot: Snapshot,
    /// Unlinked records that look like each other.
    pub candidates: Candidates,
    /// What people have decided.
    pub decisions: Decisions,
    /// When reading began, by our clock.
    pub read_at: Stamp,
    /// Marks that were set before reading began, or by it.
    pub dirty: Vec<DirtyMark>,
    /// What webhooks had told since the read before.
    pub told: Told,
    /// Whether both systems were read whole, and every record that was asked for could be.
    pub whole: bool,
}

const TICKET_FEEDS: [(Kind, &str); 2] = [(Kind::Opportunity, "opportunities"), (Kind::Project, "projects")];
const ITEM_FEED: &str = "items";

impl Engine {
    /// Reads both systems. Nothing is written to either.
    ///
    /// # Errors
    /// [`Failure`] of the class of what failed: credentials, address, settings that name what neither system has, or any
    /// other for a server that does not answer.
    ///
    /// # Cancel safety
    /// May be dropped anywhere: the bounds move together with what was read.
    pub async fn read(&self, lease: &Lease, reach: Reach) -> Result<View, Failure> {
        let began = perform::now_ms(&*self.time);
        let told = self.store.take_up(lease, began).await?;
        let marked = self.store.dirty().await?;
        let configured = self.settings().await?;
        let (catalogue, found, stored_clients, fresh) = self.catalogue(reach, &configured).await?;
        let (settings, vanished) = configured.without_vanished(&catalogue);
        self.halo.know(&catalogue, &found);

        let mut rows = Rows::kept(self.store.seen().await?);
        let manner = Manner::of(&self.config, &settings, &catalogue, &found);
        let before = Manner::noted(&self.store.cursors().await?);
        let same_manner = before.as_ref() == Some(&manner);
        let complete = reach == Reach::Everything;
        let reach = if same_manner && rows.lost == 0 { reach } else { Reach::Everything };
        if before.is_some_and(|before| before.values != manner.values) {
            rows.forget_all();
        }
        self.read_tickets(reach, &mut rows).await?;
        self.read_items(reach, &mut rows).await?;
        let mut links = self.store.all_links().await?;
        self.read_marked(&marked, &links, &settings, &mut rows).await?;
        // Only a complete read, in the same manner as the one before, says what is not there.
        let full = complete && same_manner;
        if full {
            self.ask_for_missing(&links, &mut rows).await?;
        }
        self.ask_for_canaries(&links, &mut rows).await?;
        tell_tasks(&mut rows);
        self.halo.know_items(rows.items.values());

        let now = perform::now_ms(&*self.time);
        let linked = |side: Side, link: &Link| {
            absence::keys(link).any(|(_, key)| key.side() == side && rows.met.contains(&key))
        };
        let [halo, hit] = [Side::Halo, Side::Hit].map(|side| match full {
            false => Coverage::Delta,
            true => Coverage::Full {
                scope: settings.scope_hash(),
                expected: None,
                pages_closed: rows.complete.get(&side).copied().unwrap_or(false),
                canaries_seen: links.iter().any(|link| linked(side, link)),
            },
        });
        let evidence = take_evidence(&mut links, &rows, [halo.clone(), hit.clone()], Stamp::ours(now));
        let unread = std::mem::take(&mut rows.unread);
        let all_read = rows.complete.values().all(|complete| *complete);
        let whole = reach == Reach::Everything && all_read && unread.is_empty();
        let mut changes = std::mem::take(&mut rows.changes);
        changes.extend(fresh);
        changes.extend(evidence);
        if !same_manner && all_read {
            changes.push(manner.change()?);
        }
        let mut head = self.store.head().await?;
        if !changes.is_empty() {
            head = self.store.commit(lease, &changes, now).await?;
        }

        let mut snapshot = Snapshot {
            halo,
            hit,
            tickets: rows.tickets.into_values().collect(),
            items: rows.items.into_values().collect(),
        };
        snapshot.normalise();

        let matches = Matches::find(&catalogue, &settings, &stored_clients);
        let directory = matches.directory(&settings);
        let decisions = self.store.decisions().await?;
        let intents = self.store.intents().await?;
        // What could not be read stays marked, and so does the rest of its link: this run must not call it clean.
        let open: BTreeSet<RecordKey> = links
            .iter()
            .map(|link| absence::keys(link).map(|(_, key)| key).collect::<Vec<_>>())
            .filter(|keys| keys.iter().any(|key| unread.contains(key)))
            .flatten()
            .chain(unread.iter().cloned())
            .collect();
        // A mark that came while this was read is for the next read.
        let before: BTreeMap<_, _> = marked.iter().map(|mark| (&mark.key, mark.mark)).collect();
        let covered = |mark: &&Dirty| {
            mark.reason == BY_FEED || before.get(&mark.key).is_some_and(|known| *known == mark.mark)
        };
        let marks = self.store.dirty().await?;
        let dirty =
            marks.iter().filter(covered).filter(|mark| !open.contains(&mark.key)).map(dirty_mark).collect();
        let mut view = View {
            head,
            digests: Digests::of(&settings, &catalogue, &directory),
            settings,
            vanished,
            catalogue,
            found,
            directory,
            matches,
            links,
            intents,
            snapshot,
            candidates: Candidates::default(),
            decisions,
            read_at: Stamp::ours(began),
            dirty,
            told,
            whole,
        };
        view.find_candidates();
        self.read_sources(lease, &mut view).await?;
        self.note_state(lease, &configured, &mut view).await?;
        Ok(view)
    }

    /// Writes down the settings if they are new, and which links are completely clean, so that the next plan need not
    /// open them. Both before planning: a plan is made from a state that does not move under it.
    async fn note_state(&self, lease: &Lease, configured: &Settings, view: &mut View) -> Result<(), Failure> {
        let mut changes = Vec::new();
        let hash = configured.settings_hash();
        let noted = self.store.settings_versions(1).await?;
        if noted.first().is_none_or(|version| version.hash != hash) {
            let note = crate::settings::noticed(&self.config, configured, noted.first());
            changes.push(Change::NoteSettings(Box::new(note)));
        }
        let marks: BTreeMap<_, _> = planner::clean_marks(&view.input(self)).into_iter().collect();
        for link in &mut view.links {
            let clean = marks.get(&link.item).copied();
            if link.clean != clean {
                link.clean = clean;
                changes.push(Change::NoteClean { item: link.item.clone(), mark: clean });
            }
        }
        if !changes.is_empty() {
            view.head = self.store.commit(lease, &changes, perform::now_ms(&*self.time)).await?;
        }
        Ok(())
    }

    /// What both tenants have: as kept, or asked for afresh. Settings that no run can go on with are refused here, before
    /// anything is stored. What is kept has not the last word on what the settings name, unless it was asked for on
    /// their account: it may be older than what they name.
    async fn catalogue(
        &self,
        reach: Reach,
        settings: &Settings,
    ) -> Result<(Catalogue, Found, Vec<(HitClientId, HaloClientId)>, Option<Change>), Failure> {
        let hash = settings.settings_hash();
        if reach == Reach::Changes {
            let kept = self.store.catalogue().await?;
            // What cannot be read was kept by another version: it is asked for again.
            if let Some(kept) = kept.and_then(|text| serde_json::from_str::<Kept>(&text).ok())
                && let found = validate(settings, &kept.catalogue)
                && (kept.settings == Some(hash)
                    || found.iter().all(|found| found.severity != Severity::Error))
                && self.refuse(found, &kept.catalogue).await.is_ok()
            {
                return Ok((kept.catalogue, kept.found, kept.stored_clients, None));
            }
        }
        let mut catalogue = Catalogue::default();
        let found = self.halo.catalogue(&mut catalogue).await.map_err(|error| self.halo_failure(&error))?;
        let stored_clients =
            self.hit.catalogue(&mut catalogue).await.map_err(|error| self.hit_failure(&error))?;
        catalogue.halo_currency = self.settings.project.halo_currency;
        self.refuse(validate(settings, &catalogue), &catalogue).await?;
        let kept = Kept { catalogue, found, stored_clients, settings: Some(hash) };
        let text = serde_json::to_string(&kept).map_err(|error| super::internal(&error))?;
        Ok((kept.catalogue, kept.found, kept.stored_clients, Some(Change::KeepCatalogue(text))))
    }

    /// Refuses settings that no run can go on with, by what was found in them. What has vanished from a tenant touches a
    /// part, and only that part waits. It has vanished if the settings of the last run named it too: what is named now
    /// for the first time was never there, and is a slip.
    async fn refuse(&self, mut found: Vec<Finding>, catalogue: &Catalogue) -> Result<(), Failure> {
        if found.iter().any(Finding::is_partial) {
            let noted = self.store.settings_versions(1).await?;
            // What another version wrote down and cannot be read excuses nothing.
            let before = noted.first().and_then(|noted| serde_json::from_str::<Settings>(&noted.text).ok());
            let named = before.map(|before| validate(&before, catalogue)).unwrap_or_default();
            found.retain(|finding| !(finding.is_partial() && named.contains(finding)));
        }
        crate::config::refuse(&found)
    }

    async fn read_tickets(&self, reach: Reach, rows: &mut Rows) -> Result<(), Failure> {
        let mut complete = true;
        for (kind, name) in TICKET_FEEDS {
            let feed = self.feed(Side::Halo, name, reach).await?;
            let since = feed.as_ref().map(|feed| feed.since(ClockId::Halo, self.overlap_ms()));
            let pace = since.is_none().then_some(&self.full_reads);
            let began = self.time.now();
            let read = self.halo.list(kind, since, pace).await.map_err(|error| self.halo_failure(&error))?;
            complete &= read.complete;
            rows.met.extend(read.rows.iter().map(|ticket| RecordKey::Ticket(ticket.id)));
            let before = feed.unwrap_or_default();
            let met = read.rows.iter().map(|ticket| (ticket.id.to_string(), ticket.last_update));
            let next = before.after(met, self.overlap_ms(), self.since_ms(began));
            if since.is_none() && read.complete {
                rows.forget_tickets(kind, &read.rows);
            }
            for ticket in read.rows {
                if !before.knows(&ticket.id.to_string(), ticket.last_update) || rows.ticket_differs(&ticket) {
                    rows.put_ticket(ticket, true)?;
                }
            }
            // Behind a row that could not be read nothing is known: the next read starts where this one did.
            if read.complete {
                rows.move_cursor(Side::Halo, name, &before, &next);
            }
        }
        rows.complete.insert(Side::Halo, complete);
        if reach == Reach::Everything {
            self.read_marks(rows).await?;
        }
        Ok(())
    }

    async fn read_items(&self, reach: Reach, rows: &mut Rows) -> Result<(), Failure> {
        let feed = self.feed(Side::Hit, ITEM_FEED, reach).await?;
        let since = feed.as_ref().map(|feed| feed.since(ClockId::Hit, self.overlap_ms()));
        let began = self.time.now();
        let read = self.hit.list(None, since).await.map_err(|error| self.hit_failure(&error))?;
        rows.met.extend(read.rows.iter().map(|item| RecordKey::Item(item.id.clone())));
        let before = feed.unwrap_or_default();
        let met = read.rows.iter().map(|item| (item.id.to_string(), item.last_update));
        let next = before.after(met, self.overlap_ms(), self.since_ms(began));
        if since.is_none() && read.complete {
            rows.forget_items(&read.rows);
        }
        for item in read.rows {
            if !before.knows(item.id.as_str(), item.last_update) || rows.item_differs(&item) {
                rows.put_item(item, true)?;
            }
        }
        if read.complete {
            rows.move_cursor(Side::Hit, ITEM_FEED, &before, &next);
        }
        rows.complete.insert(Side::Hit, read.complete);
        Ok(())
    }

    async fn feed(&self, side: Side, name: &str, reach: Reach) -> Result<Option<Feed>, Failure> {
        if reach == Reach::Everything {
            return Ok(None);
        }
        let cursors = self.store.cursors().await?;
        let cursor = cursors.iter().find(|cursor| cursor.side == side && cursor.feed == name);
        Ok(cursor.and_then(|cursor| Feed::from_text(&cursor.value)))
    }

    /// Reads single records that no feed need have brought: those marked by anything but a feed, those with a write whose
    /// result was not seen, tickets that were linked without having been read in detail, changed ones whose list row
    /// does not carry what is followed, those whose money is about to be written by a list row that does not say
    /// whether it was priced, and unlinked projects that may have been made from an opportunity of ours.
    async fn read_marked(
        &self,
        marked: &[Dirty],
        links: &[Link],
        settings: &Settings,
        rows: &mut Rows,
    ) -> Result<(), Failure> {
        let followed = |kind: Kind| {
            let goes = |field: &FieldId| {
                let direction = settings.rule(kind, *field).direction;
                direction.to_halo() || direction.to_hit()
            };
            FieldId::ALL.into_iter().filter(|field| *field != FieldId::LinkBack).filter(goes).collect()
        };
        let frozen_by_price = |kind: Kind| {
            let goes = |field: &FieldId| match settings.rule(kind, *field).direction {
                Direction::HitToHalo { until_quoted } => until_quoted || field.is_money(),
                direction => direction.to_halo() && field.is_money(),
            };
            FieldId::ALL.into_iter().filter(|field| *field != FieldId::LinkBack).filter(goes).collect()
        };
        let linked: BTreeSet<TicketId> =
            links.iter().flat_map(|link| link.opportunity.into_iter().chain(link.project)).collect();
        let mut keys = Vec::new();
        for mark in marked.iter().filter(|mark| mark.reason != BY_FEED) {
            let known = match &mark.key {
                RecordKey::Ticket(id) => linked.contains(id) || rows.tickets.contains_key(id),
                RecordKey::Item(_) => true,
            };
            // A webhook may tell of any ticket of the tenant, and of thousands at once. What the lists of this read held
            // was read by them; a ticket that they did not hold is of interest only where it is known already.
            match (mark.reason == WEBHOOK, rows.met.contains(&mark.key)) {
                (true, true) => {}
                (true, false) if !known => {
                    rows.changes.push(Change::Clean { key: mark.key.clone(), mark: mark.mark });
                }
                _ => keys.push(mark.key.clone()),
            }
        }
        for link in links {
            let tickets = || link.opportunity.into_iter().chain(link.project);
            if !link.pending.is_empty() {
                keys.push(RecordKey::Item(link.item.clone()));
                keys.extend(tickets().map(RecordKey::Ticket));
            }
            // Lists do not carry external links: a newly linked ticket is read in detail once.
            let unseen = |id: &TicketId| {
                rows.tickets.get(id).is_some_and(|ticket| ticket.link_back == Obs::NotFetched)
                    || rows.came_without(*id, followed)
                    || rows.price_matters(*id, &link.item, frozen_by_price)
            };
            keys.extend(tickets().filter(unseen).map(RecordKey::Ticket));
        }
        keys.extend(rows.possible_offspring(links, settings).into_iter().map(RecordKey::Ticket));
        keys.sort();
        keys.dedup();
        for key in keys {
            if let Err(reject) = self.look_at(&key, rows).await? {
                rows.unread(key, &reject)?;
            }
        }
        Ok(())
    }

    /// Milliseconds since a moment, rounded up.
    fn since_ms(&self, began: Moment) -> i64 {
        let took = self.time.now().since(began).as_millis();
        i64::try_from(took).unwrap_or(i64::MAX).saturating_add(1)
    }

    fn overlap_ms(&self) -> i64 {
        i64::try_from(self.overlap.as_millis()).unwrap_or(i64::MAX)
    }
}

impl View {
    /// Looks for unlinked records that look like each other, in what is read by now.
    pub(super) fn find_candidates(&mut self) {
        self.candidates = super::people::candidates(
            &self.snapshot,
            &self.links,
            &self.directory,
            &self.catalogue,
            &self.settings,
            &self.decisions,
        );
    }

    /// The input of a plan.
    #[must_use]
    pub fn input<'a>(&'a self, engine: &'a Engine) -> PlanInput<'a> {
        PlanInput {
            pair: &engine.pair,
            head: &self.head,
            settings: &self.settings,
            catalogue: &self.catalogue,
            directory: &self.directory,
            links: &self.links,
            intents: &self.intents,
            snapshot: &self.snapshot,
            candidates: &self.candidates,
            decisions: &self.decisions,
            now: Stamp::ours(perform::now_ms(&*engine.time)),
            only: None,
            taken: None,
            links_total: self.links.iter().filter(|link| link.leading().is_some()).count() as u64,
            digests: Some(&self.digests),
        }
    }
}
