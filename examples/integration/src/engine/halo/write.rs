//! Values of `sync_core` as changes of Halo's tickets.

use halo_client::schema::{ExternalLink, Ticket};
use halo_client::value::{Decimal, Time};
use halo_client::{New, Patch};
use serde_json::value::RawValue;
use sync_core::base::Intent;
use sync_core::catalogue::Catalogue;
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{Kind, TicketId};
use sync_core::marker::Marker;
use sync_core::text;
use sync_core::value::{Money, Obs, Value};

use super::read::LINK_TYPE;
use crate::config::MarkerPlace;
use crate::engine::zone::Zone;

/// A write that cannot be expressed. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unwritable {
    /// The value is of a kind that this field does not hold, or the field does not exist on this kind of ticket.
    #[error("a ticket of the kind {1} cannot hold this value of the field {0}")]
    WrongKind(FieldId, &'static str),
    /// Dates need the time zone.
    #[error("dates cannot be written without the setting `time_zone`")]
    NoZone,
    /// The day cannot be written.
    #[error("{0}")]
    Day(String),
    /// A constant of the settings is no JSON.
    #[error("the value set for the required field `{0}` is not JSON")]
    Constant(String),
    /// The create lacks its type, which is a fault of the plan.
    #[error("the plan names no ticket type for this create")]
    NoType,
}

/// The requester "General User" of a client, who has no address (observed by a public client).
const GENERAL_USER: i64 = -1;

/// How the names of custom fields begin in Halo (observed by public clients). They are no fields of the ticket itself.
const CUSTOM: &str = "CF";

/// One custom field of a new ticket, by its name.
#[derive(serde::Serialize)]
struct Custom<'a> {
    name: &'a str,
    value: Box<RawValue>,
}

/// What writing needs to know besides the values.
pub(super) struct Writing<'a> {
    /// The zone in which days have their noon.
    pub zone: Option<&'a Zone>,
    /// The names of teams: Halo takes the name, not the id.
    pub catalogue: &'a Catalogue,
    /// Where the marker goes.
    pub place: MarkerPlace,
}

/// One write of one field, to a new ticket or to an existing one.
enum Slot {
    Text(halo_client::Field<Ticket, String>, String),
    Html(String),
    Status(i64),
    Agent(i64),
    Start(Option<Time>),
    Target(Option<Time>),
    Amount(halo_client::Field<Ticket, Decimal>, Decimal),
}

impl Writing<'_> {
    /// A new ticket, with its marker in the same call.
    ///
    /// Nobody is written to: no acknowledgement, no automatic template text, hidden from the portal, and the requester
    /// is the client's General User.
    ///
    /// # Errors
    /// [`Unwritable`], if a value does not fit.
    pub(super) fn new_ticket(
        &self,
        intent: &Intent,
        item_url: Option<&str>,
    ) -> Result<New<Ticket>, Unwritable> {
        let spec = &intent.spec;
        let ticket_type = spec.ticket_type.ok_or(Unwritable::NoType)?;
        let mut new = New::<Ticket>::record()
            .set(Ticket::TICKETTYPE_ID, ticket_type.0)
            .set(Ticket::CLIENT_ID, spec.halo_client.0)
            .set(Ticket::SENDACK, false)
            .set(Ticket::CREATEACKNOWLEDGEMENT, false)
            .set(Ticket::SHOWFORUSERS, false)
            .set_named("userlookup", serde_json::json!({ "id": GENERAL_USER }));
        if let Some(site) = spec.site {
            new = new.set(Ticket::SITE_ID, site.0);
        }
        if let Some(team) = spec.team.and_then(|team| self.catalogue.teams.get(&team)) {
            new = new.set(Ticket::TEAM, &**team);
        }
        new = match spec.template {
            Some(template) => new.set(Ticket::TEMPLATE_ID, template.0),
            None => new.set(Ticket::DONOTAPPLYTEMPLATEINTHEAPI, true),
        };
        let mut custom = Vec::new();
        for (name, json) in &spec.constants {
            let unreadable = |_| Unwritable::Constant(name.to_string());
            let value = RawValue::from_string(json.to_string()).map_err(unreadable)?;
            if name.starts_with(CUSTOM) {
                custom.push(Custom { name, value });
            } else {
                new = new.set_named(name.to_string(), value);
            }
        }
        if !custom.is_empty() {
            new = new.set_named("customfields", custom);
        }
        for slot in self.slots(spec.kind, &intent.payload)? {
            new = match slot {
                Slot::Text(field, text) => new.set(field, text),
                Slot::Html(html) => new.set(Ticket::DETAILS_HTML, html),
                Slot::Status(status) => new.set(Ticket::STATUS_ID, status),
                Slot::Agent(agent) => new.set(Ticket::AGENT_ID, agent),
                Slot::Start(Some(time)) => new.set(Ticket::STARTDATE, time),
                Slot::Target(Some(time)) => new.set(Ticket::TARGETDATE, time),
                // A new ticket is blank already.
                Slot::Start(None) | Slot::Target(None) => new,
                Slot::Amount(field, amount) => new.set(field, amount),
            };
        }
        let name = match intent.payload.get(FieldId::Name) {
            Obs::Value(Value::Text(name)) => &**name,
            _ => "",
        };
        if self.place == MarkerPlace::ClientReference {
            new = new.set(Ticket::CLIENT_REFERENCE, spec.marker.as_str());
        }
        Ok(new.set(Ticket::NEW_EXTERNAL_LINK, external_link(&spec.marker, name, item_url)))
    }

    /// A change of a ticket.
    ///
    /// # Errors
    /// [`Unwritable`], if a value does not fit.
    pub(super) fn patch(
        &self,
        ticket: TicketId,
        kind: Kind,
        set: &FieldRow,
    ) -> Result<Patch<Ticket>, Unwritable> {
        let mut patch = Patch::<Ticket>::of(ticket.0);
        for slot in self.slots(kind, set)? {
            patch = match slot {
                Slot::Text(field, text) => patch.set(field, text),
                Slot::Html(html) => patch.set(Ticket::DETAILS_HTML, html),
                Slot::Status(status) => patch.set(Ticket::STATUS_ID, status),
                Slot::Agent(agent) => patch.set(Ticket::AGENT_ID, agent),
                Slot::Start(Some(time)) => patch.set(Ticket::STARTDATE, time),
                Slot::Start(None) => patch.clear(Ticket::STARTDATE),
                Slot::Target(Some(time)) => patch.set(Ticket::TARGETDATE, time),
                Slot::Target(None) => patch.clear(Ticket::TARGETDATE),
                Slot::Amount(field, amount) => patch.set(field, amount),
            };
        }
        Ok(patch)
    }

    fn slots(&self, kind: Kind, set: &FieldRow) -> Result<Vec<Slot>, Unwritable> {
        let mut slots = Vec::new();
        for (field, obs) in set.iter() {
            let Some(value) = obs.seen() else { continue };
            let wrong = || Unwritable::WrongKind(field, kind.name());
            let slot = match (field, kind, value) {
                (FieldId::LinkBack, ..) => continue,
                (FieldId::Name, _, Some(Value::Text(name))) => Slot::Text(Ticket::SUMMARY, name.to_string()),
                (FieldId::Description, _, Some(Value::Rich(rich))) => Slot::Html(match &rich.html {
                    Some(html) => html.to_string(),
                    None => text::text_to_html(&rich.text),
                }),
                (FieldId::Description, _, None) => Slot::Html(String::new()),
                (FieldId::Status, _, Some(status)) => {
                    Slot::Status(status.as_halo_status().ok_or_else(wrong)?.0)
                }
                // Agent 1 is Halo's "unassigned".
                (FieldId::Responsible, _, None) => Slot::Agent(1),
                (FieldId::Responsible, _, Some(Value::Ref(agent))) => {
                    Slot::Agent(agent.parse().map_err(|_| wrong())?)
                }
                (FieldId::Start, Kind::Project, day) => Slot::Start(self.noon(day, wrong)?),
                (FieldId::Due, _, day) => Slot::Target(self.noon(day, wrong)?),
                (FieldId::BudgetOnce, Kind::Opportunity, money) => {
                    amount(Ticket::OPPVALUE_ONEOFF, money, wrong)?
                }
                (FieldId::BudgetMonthly, Kind::Opportunity, money) => {
                    amount(Ticket::OPPVALUE_MONTHLY, money, wrong)?
                }
                (FieldId::BudgetAnnual, Kind::Opportunity, money) => {
                    amount(Ticket::OPPVALUE_ANNUAL, money, wrong)?
                }
                (FieldId::BudgetOnce, Kind::Project, money) => {
                    amount(Ticket::PROJECTMONEYBUDGET, money, wrong)?
                }
                (FieldId::Hours, Kind::Project, hours) => hours_slot(hours, wrong)?,
                _ => return Err(wrong()),
            };
            slots.push(slot);
        }
        Ok(slots)
    }

    fn noon(&self, day: Option<&Value>, wrong: impl Fn() -> Unwritable) -> Result<Option<Time>, Unwritable> {
        match day {
            None => Ok(None),
            Some(Value::Date(day)) => {
                let zone = self.zone.ok_or(Unwritable::NoZone)?;
                zone.noon_of(*day).map(Some).map_err(Unwritable::Day)
            }
            Some(_) => Err(wrong()),
        }
    }
}

/// An amount; blank is written as 0, which is what Halo's number columns hold where nothing was entered.
fn amount(
    field: halo_client::Field<Ticket, Decimal>,
    money: Option<&Value>,
    wrong: impl Fn() -> Unwritable,
) -> Result<Slot, Unwritable> {
    let text = match money {
        None => "0".to_owned(),
        Some(Value::Money(money)) => Money::to_number_text(*money),
        Some(_) => return Err(wrong()),
    };
    Ok(Slot::Amount(field, Decimal::from_text(&text).ok_or_else(&wrong)?))
}

/// Minutes as decimal hours.
fn hours_slot(hours: Option<&Value>, wrong: impl Fn() -> Unwritable) -> Result<Slot, Unwritable> {
    let minutes = match hours {
        None => 0,
        Some(Value::Minutes(minutes)) => *minutes,
        Some(_) => return Err(wrong()),
    };
    // Four decimals hold every minute well enough to be read back as the same minute.
    let scaled = minutes.checked_mul(10_000).ok_or_else(&wrong)?;
    let rounded = (scaled + if scaled < 0 { -30 } else { 30 }) / 60;
    Ok(Slot::Amount(Ticket::PROJECTTIMEBUDGET, Decimal::from_scaled(rounded, 4)))
}

/// The external link that makes a ticket ours: the marker, and the way back to the item.
#[must_use]
pub(super) fn external_link(marker: &Marker, name: &str, item_url: Option<&str>) -> New<ExternalLink> {
    let link = New::<ExternalLink>::record()
        .set(ExternalLink::THIRD_PARTY_ID, marker.as_str())
        .set(ExternalLink::THIRD_PARTY_TYPE, LINK_TYPE)
        .set(ExternalLink::THIRD_PARTY_DESC, name);
    match item_url {
        Some(url) => link.set(ExternalLink::THIRD_PARTY_URL, url),
        None => link,
    }
}
