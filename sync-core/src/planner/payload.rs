//! The values with which a record is created.

use super::context::Context;
use crate::field::{FieldId, FieldRow};
use crate::ids::{AgentId, Kind, Side, TicketTypeId};
use crate::kernel::{Mapped, Relation, is_blank};
use crate::plan::Why;
use crate::record::{HaloTicket, HitItem};
use crate::settings::StatusHow;
use crate::value::{Obs, Value};
use alloc::vec::Vec;

pub(super) struct Payload {
    pub(super) set: FieldRow,
    pub(super) source: FieldRow,
    pub(super) why: Vec<Why>,
}

/// What a new ticket gets from the item. Blanks are left out.
///
/// `source` also names the fields that are left out (blank, unmapped, a status that only an action can set): their
/// base starts with what Halo gave them against a blank at HIT, so that whatever HIT holds counts as a change.
pub(super) fn for_ticket(
    context: &Context<'_>,
    item: &HitItem,
    kind: Kind,
    ticket_type: TicketTypeId,
) -> Payload {
    let mut out = Payload { set: FieldRow::new(), source: FieldRow::new(), why: Vec::new() };
    for field in FieldId::ALL {
        let Some(rule) = context.active_rule(kind, field) else { continue };
        if field.is_money() && !context.money {
            continue;
        }
        let seen = item.fields.get(field);
        if seen.is_seen() {
            out.source.set(field, seen.clone());
        }
        let Obs::Value(value) = seen else { continue };
        if !rule.direction.on_create() || is_blank(Side::Hit, Some(value)) {
            continue;
        }
        if field.is_money() && !amount_fits(context, item, value) {
            continue;
        }
        let relation = context.relation(field, ticket_type);
        let mapped = match relation.map(Side::Hit, Some(value)) {
            Mapped::To(mapped) => mapped,
            Mapped::Ignored | Mapped::Unmapped => None,
        };
        match field {
            FieldId::Status => status(&mut out, &relation, ticket_type, value, mapped),
            FieldId::Responsible => responsible(context, &mut out, kind, ticket_type, mapped),
            _ => {
                if let Some(mapped) = mapped {
                    out.set.set(field, Obs::Value(mapped));
                }
            }
        }
    }
    out
}

/// A project that is made from an opportunity gets the opportunity's text where the item holds what HIT made of it: it
/// may have been cut. What Halo makes of a text goes by the project's own rule.
pub(super) fn take_whole_texts(
    context: &Context<'_>,
    item: &HitItem,
    opportunity: &HaloTicket,
    project: TicketTypeId,
    payload: &mut Payload,
) {
    for field in FieldId::ALL {
        let relation = context.relation(field, opportunity.ticket_type);
        let (halo, hit) = (opportunity.fields.get(field), item.fields.get(field));
        let sent = payload.set.get(field).is_seen() && matches!(relation, Relation::Text { .. });
        let Some(whole) = halo.value().filter(|_| sent) else { continue };
        if relation.map(Side::Halo, Some(whole)) == Mapped::To(hit.value().cloned()) {
            let held = context.relation(field, project).stored(Side::Halo, whole);
            payload.set.set(field, Obs::Value(held.unwrap_or_else(|| whole.clone())));
        }
    }
}

fn status(
    out: &mut Payload,
    relation: &crate::kernel::Relation<'_>,
    ticket_type: TicketTypeId,
    value: &Value,
    mapped: Option<Value>,
) {
    let (Some(mapped), Some(hit)) = (mapped, value.as_hit_status()) else { return };
    if relation.how(&hit) == Some(StatusHow::Set) {
        out.why.push(status_row(ticket_type, Side::Hit, value, &mapped));
        out.set.set(FieldId::Status, Obs::Value(mapped));
    }
}

fn responsible(
    context: &Context<'_>,
    out: &mut Payload,
    kind: Kind,
    ticket_type: TicketTypeId,
    mapped: Option<Value>,
) {
    let able = |agent: &AgentId| may_be_responsible(context, ticket_type, *agent);
    let matched = mapped.as_ref().and_then(Value::as_agent).filter(able);
    let agent = matched.or_else(|| {
        let default = context.input.settings.kind(kind).default_agent.filter(able);
        out.why.push(Why::DefaultAgent { agent: default });
        default
    });
    if let Some(agent) = agent {
        out.set.set(FieldId::Responsible, Obs::Value(Value::agent(agent)));
    }
}

/// Whether an agent can be made responsible for a ticket of the type. What is not known does not forbid it.
pub(super) fn may_be_responsible(context: &Context<'_>, ticket_type: TicketTypeId, agent: AgentId) -> bool {
    let catalogue = context.input.catalogue;
    let of_type = catalogue
        .ticket_types
        .get(&ticket_type)
        .is_none_or(|found| found.agents.is_empty() || found.agents.contains(&agent));
    of_type
        && agent != AgentId::UNASSIGNED
        && catalogue.agents.get(&agent).is_none_or(|found| found.active && !found.api_only)
}

/// What a new item gets from the ticket: name and status, and of the rest only what the settings send to HIT.
pub(super) fn for_item(context: &Context<'_>, ticket: &HaloTicket, kind: Kind, status: Value) -> Payload {
    let mut out = Payload { set: FieldRow::new(), source: FieldRow::new(), why: Vec::new() };
    for field in FieldId::ALL {
        let seen = ticket.fields.get(field);
        let active = context.active_rule(kind, field);
        if seen.is_seen()
            && (active.is_some() || field == FieldId::Name)
            && (context.money || !field.is_money())
        {
            out.source.set(field, seen.clone());
        }
        let Obs::Value(value) = seen else { continue };
        if field == FieldId::Status {
            out.source.set(field, Obs::Value(value.clone()));
            out.set.set(field, Obs::Value(status.clone()));
            continue;
        }
        let sent = field == FieldId::Name || active.is_some_and(|rule| rule.direction.to_hit());
        if !sent || is_blank(Side::Halo, Some(value)) || (field.is_money() && !context.money) {
            continue;
        }
        if let Mapped::To(Some(mapped)) =
            context.relation(field, ticket.ticket_type).map(Side::Halo, Some(value))
        {
            out.set.set(field, Obs::Value(mapped));
        }
    }
    out
}

/// Whether the amounts of a record are in the currency that the settings say.
pub(super) fn amount_fits(context: &Context<'_>, item: &HitItem, value: &Value) -> bool {
    let currency = context.input.settings.project.hit_currency;
    item.currency.is_none_or(|c| Some(c) == currency)
        && value.as_money().is_none_or(|money| Some(money.currency) == currency)
}

/// The reason that names the row of the status map.
pub(super) fn status_row(ticket_type: TicketTypeId, from: Side, status: &Value, to: &Value) -> Why {
    let text = |value: &Value| match value {
        Value::Code(code) => code.clone(),
        other => alloc::format!("{other}").into(),
    };
    Why::StatusRow { ticket_type, from, status: text(status), to: text(to) }
}
