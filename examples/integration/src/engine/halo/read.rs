//! Halo's tickets in the terms of `sync_core`.

use std::collections::{BTreeMap, BTreeSet};

use halo_client::rest_core::record::{Decimal, FieldValue};
use halo_client::schema::{Ticket, TicketBudget};
use halo_client::value::Time;
use halo_client::{Field, Id, Record, Seen};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{AgentId, HaloClientId, Kind, SiteId, StatusId, TicketId, TicketTypeId};
use sync_core::marker::Marker;
use sync_core::record::HaloTicket;
use sync_core::stamp::Stamp;
use sync_core::text;
use sync_core::value::{Currency, Money, Obs, Rich, Value};

use crate::engine::zone::Zone;

/// What this integration calls itself in Halo's external links.
pub const LINK_TYPE: &str = "humanizeit";

/// The text by which the reusable ticket of `check --probe-writes` is recognised.
pub const PROBE_REFERENCE: &str = "HS-PROBE";

/// Its name, by which lists tell it: they lack the customer's reference in Halo's document.
pub const PROBE_SUMMARY: &str = "halo-hit: probe ticket, leave it open";

/// ITIL numbers of project types and of project tasks (observed by a public client).
const ITIL_PROJECT: i64 = 22;
const ITIL_TASK: i64 = 23;

/// What a row must be read with.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The zone in which Halo's instants are days. Without one, dates are not read at all.
    pub zone: Option<Zone>,
    /// The currency of Halo's amounts. Without one, money is not read at all.
    pub currency: Option<Currency>,
    /// The kind of each ticket type that is a sales or project type.
    pub kinds: BTreeMap<TicketTypeId, Kind>,
    /// Types whose tickets are tasks.
    pub tasks: BTreeSet<TicketTypeId>,
    /// The statuses that mean closed.
    pub closed: BTreeSet<StatusId>,
}

impl Reading {
    /// For whoever reads the tenant's lists and no ticket.
    #[must_use]
    pub fn nothing() -> Self {
        Reading {
            zone: None,
            currency: None,
            kinds: Default::default(),
            tasks: Default::default(),
            closed: Default::default(),
        }
    }

    /// A ticket as the planner wants it; nothing, if the row does not even say which ticket it is or of which type.
    ///
    /// A list row lacks fields that the detail has. What the row does not carry stays "not fetched".
    #[must_use]
    pub fn ticket<T>(&self, record: &Record<Ticket, T>) -> Option<HaloTicket> {
        let id = TicketId(number(record, Ticket::ID)?.get());
        let ticket_type = TicketTypeId(number(record, Ticket::TICKETTYPE_ID)?.get());
        let client =
            number(record, Ticket::CLIENT_ID).map_or(HaloClientId::UNASSIGNED, |id| HaloClientId(id.get()));
        let kind = self.kinds.get(&ticket_type).copied();
        let mut ticket = HaloTicket::new(id, kind, ticket_type, client);

        ticket.site = number(record, Ticket::SITE_ID).map(|id| id.get()).filter(|id| *id > 0).map(SiteId);
        ticket.deleted = value(record, Ticket::DELETED).unwrap_or(false);
        ticket.merged_into = reference(record, Ticket::MERGED_INTO_ID);
        ticket.parent = reference(record, Ticket::PARENT_ID);
        ticket.created_from = reference(record, Ticket::CREATEDFROM_ID);
        ticket.related = related(record);
        ticket.is_task = self.tasks.contains(&ticket_type) || has_project_above(record);
        ticket.priced = priced(record);
        ticket.computed_hours = budgets(record).is_some_and(|budgets| !budgets.is_empty());
        // Rows of lists say when it occurred, which is when it was created unless somebody says otherwise.
        ticket.created = stamp(record, Ticket::DATECREATED).or_else(|| stamp(record, Ticket::DATEOCCURRED));
        ticket.last_update = stamp(record, Ticket::LAST_UPDATE);
        ticket.currency = self.currency;
        ticket.web_url = value(record, Ticket::WEB_URL).filter(|url| !url.is_empty()).map(Into::into);
        self.read_links(record, &mut ticket);
        ticket.fields = self.fields(record, kind);
        ticket.closed = self.is_closed(record, ticket.status());
        Some(ticket)
    }

    /// Closed is what a closed status, a closing date or the flag says; there is no status id that always means it.
    fn is_closed<T>(&self, record: &Record<Ticket, T>, status: Option<StatusId>) -> bool {
        status.is_some_and(|status| self.closed.contains(&status))
            || value(record, Ticket::DATECLOSED).is_some_and(|time| !time.is_unset())
            || value(record, Ticket::HASBEENCLOSED).unwrap_or(false)
    }

    fn fields<T>(&self, record: &Record<Ticket, T>, kind: Option<Kind>) -> FieldRow {
        let mut row = FieldRow::new();
        row.set(FieldId::Name, observe(record, Ticket::SUMMARY, |text| line(&text)));
        row.set(FieldId::Description, description(record));
        row.set(
            FieldId::Status,
            observe(record, Ticket::STATUS_ID, |id| Some(Value::halo_status(StatusId(id.get())))),
        );
        row.set(FieldId::Responsible, observe(record, Ticket::AGENT_ID, |id| agent(id.get())));
        row.set(FieldId::Due, self.day(record, Ticket::TARGETDATE));
        match kind {
            Some(Kind::Opportunity) => {
                let parts = self.money(record, Ticket::OPPVALUE_ONEOFF);
                // The whole counts what recurs as well: it stands in only where Halo has no parts at all.
                let absent = record.get(Ticket::OPPVALUE_ONEOFF).is_absent();
                let whole = if absent { self.money(record, Ticket::OPPVALUE) } else { parts };
                row.set(FieldId::BudgetOnce, whole);
                row.set(FieldId::BudgetMonthly, self.money(record, Ticket::OPPVALUE_MONTHLY));
                row.set(FieldId::BudgetAnnual, self.money(record, Ticket::OPPVALUE_ANNUAL));
            }
            Some(Kind::Project) => {
                row.set(FieldId::Start, self.day(record, Ticket::STARTDATE));
                row.set(FieldId::BudgetOnce, self.money(record, Ticket::PROJECTMONEYBUDGET));
                row.set(FieldId::Hours, hours(record));
            }
            None => {}
        }
        row
    }

    fn day<T, W, B>(&self, record: &Record<Ticket, T>, field: Field<Ticket, Time, W, B>) -> Obs<Value> {
        self.zone
            .as_ref()
            .map_or(Obs::NotFetched, |zone| observe(record, field, |time| zone.day_of(time).map(Value::Date)))
    }

    /// An amount. Halo's number columns hold 0 where nothing was entered, so 0 is blank.
    fn money<T, W, B>(&self, record: &Record<Ticket, T>, field: Field<Ticket, Decimal, W, B>) -> Obs<Value> {
        let Some(currency) = self.currency else { return Obs::NotFetched };
        match record.get(field) {
            Seen::Value(amount) => match Money::parse(amount.as_str(), currency) {
                Ok(money) if money.minor == 0 => Obs::Null,
                Ok(money) => Obs::Value(Value::Money(money)),
                // More decimals than the currency has: not an amount that could be compared or copied.
                Err(_) => Obs::NotFetched,
            },
            Seen::Null => Obs::Null,
            Seen::Absent | Seen::Odd(_) => Obs::NotFetched,
        }
    }

    /// The marker and the link back: from the external links of the detail, else from the customer's reference.
    fn read_links<T>(&self, record: &Record<Ticket, T>, ticket: &mut HaloTicket) {
        let reference = value(record, Ticket::CLIENT_REFERENCE);
        ticket.is_probe = reference.as_deref() == Some(PROBE_REFERENCE)
            || value(record, Ticket::SUMMARY).as_deref() == Some(PROBE_SUMMARY);
        ticket.marker = reference.as_deref().and_then(Marker::parse);
        if let Seen::Value(links) = record.get(Ticket::EXTERNAL_LINKS) {
            ticket.link_back = Obs::Null;
            for link in links {
                let link = link.into_value();
                if link.third_party_type.as_deref() != Some(LINK_TYPE) {
                    continue;
                }
                ticket.marker =
                    link.third_party_id.as_deref().and_then(Marker::parse).or(ticket.marker.take());
                if let Some(url) = link.third_party_url.filter(|url| !url.is_empty()) {
                    ticket.link_back = Obs::Value(url.into());
                }
            }
        }
    }
}

fn value<T, V: FieldValue, W, B>(record: &Record<Ticket, T>, field: Field<Ticket, V, W, B>) -> Option<V> {
    record.get(field).value()
}

fn number<T, R: halo_client::Entity<Key = i64>, W, B>(
    record: &Record<Ticket, T>,
    field: Field<Ticket, Id<R>, W, B>,
) -> Option<Id<R>>
where
    Id<R>: FieldValue,
{
    record.get(field).value()
}

fn observe<T, V: FieldValue, W, B>(
    record: &Record<Ticket, T>,
    field: Field<Ticket, V, W, B>,
    read: impl Fn(V) -> Option<Value>,
) -> Obs<Value> {
    match record.get(field) {
        Seen::Value(value) => Obs::from_seen(read(value)),
        Seen::Null => Obs::Null,
        Seen::Absent | Seen::Odd(_) => Obs::NotFetched,
    }
}

fn line(text: &str) -> Option<Value> {
    let text = text::canonical_line(text);
    (!text.is_empty()).then(|| Value::text(text))
}

/// The description: formatted where there is formatting, else the plain text. Only the detail has the formatted one;
/// the plain text of a list row alone would look like another description.
fn description<T>(record: &Record<Ticket, T>) -> Obs<Value> {
    let formatted = match record.get(Ticket::DETAILS_HTML) {
        Seen::Value(html) => rich(&html),
        Seen::Null => None,
        Seen::Absent | Seen::Odd(_) => return Obs::NotFetched,
    };
    let plain = || {
        let text = text::canonical_block(&value(record, Ticket::DETAILS)?);
        (!text.is_empty()).then(|| Value::Rich(Box::new(Rich::plain(text))))
    };
    Obs::from_seen(formatted.or_else(plain))
}

fn rich(html: &str) -> Option<Value> {
    let html = text::sanitise_html(html);
    let text = text::html_to_text(&html);
    (!text.is_empty()).then(|| Value::Rich(Box::new(Rich::html(text, html))))
}

/// Agent 1 is Halo's "unassigned".
fn agent(id: i64) -> Option<Value> {
    (id > 1).then(|| Value::agent(AgentId(id)))
}

fn reference<T, W, B>(
    record: &Record<Ticket, T>,
    field: Field<Ticket, Id<Ticket>, W, B>,
) -> Option<TicketId> {
    record.get(field).value().map(|id| id.get()).filter(|id| *id > 0).map(TicketId)
}

/// Whether quotations or sales orders exist; nothing, if the row counts neither.
fn priced<T>(record: &Record<Ticket, T>) -> Option<bool> {
    let counts = [value(record, Ticket::QUOTATION_COUNT), value(record, Ticket::SALESORDER_COUNT)];
    counts.into_iter().flatten().map(|count| count > 0).reduce(|one, other| one || other)
}

fn stamp<T, W, B>(record: &Record<Ticket, T>, field: Field<Ticket, Time, W, B>) -> Option<Stamp> {
    let time = record.get(field).value().filter(|time| !time.is_unset())?;
    Some(Stamp::halo(time.timestamp().as_millisecond()))
}

fn related<T>(record: &Record<Ticket, T>) -> Vec<TicketId> {
    let Seen::Value(rows) = record.get(Ticket::RELATED_TICKETS) else { return Vec::new() };
    let mut ids: Vec<_> =
        rows.into_iter().filter_map(|row| row.into_value().id).map(|id| TicketId(id.get())).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// A ticket below a project is a task, or a sub-project, and both are left alone. A project below an opportunity is
/// not.
fn has_project_above<T>(record: &Record<Ticket, T>) -> bool {
    value(record, Ticket::PARENT_ITIL_TICKET_TYPE)
        .is_some_and(|itil| itil == ITIL_PROJECT || itil == ITIL_TASK)
}

fn budgets<T>(record: &Record<Ticket, T>) -> Option<Vec<Record<TicketBudget>>> {
    record.get(Ticket::BUDGETS).value()
}

/// Planned hours in minutes: the sum of the budget lines where there are any, which Halo computes, else the time
/// budget.
fn hours<T>(record: &Record<Ticket, T>) -> Obs<Value> {
    let lines = budgets(record).filter(|lines| !lines.is_empty());
    let minutes = match lines {
        Some(lines) => lines
            .into_iter()
            .map(|line| line.into_value().hours.as_ref().map_or(Some(0), minutes))
            .try_fold(0_i64, |sum, minutes| sum.checked_add(minutes?)),
        None => match record.get(Ticket::PROJECTTIMEBUDGET) {
            Seen::Value(hours) => minutes(&hours),
            Seen::Null => Some(0),
            Seen::Absent | Seen::Odd(_) => return Obs::NotFetched,
        },
    };
    match minutes {
        Some(0) => Obs::Null,
        Some(minutes) => Obs::Value(Value::Minutes(minutes)),
        None => Obs::NotFetched,
    }
}

/// Decimal hours as whole minutes, rounded: Halo keeps two decimals, and a third of an hour has no end.
fn minutes(hours: &Decimal) -> Option<i64> {
    let ten_thousandths = hours.to_scaled_rounded(4)?;
    let scaled = ten_thousandths.checked_mul(60)?;
    Some(scaled.checked_add(if scaled < 0 { -5_000 } else { 5_000 })? / 10_000)
}
