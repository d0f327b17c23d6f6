//! What people do in Halo at the keyboard: no rate limit, no faults, every right, and the workflow walks along.

use serde_json::Value;

use super::auth::Caller;
use super::fields::clean;
use super::tickets::rules::Via;
use super::tickets::write;
use crate::world::{Row, Side, World, WriteKind};

/// A person changes fields of a ticket. On refusal the reason. The write stands in the log; deliveries wait
/// for [`super::send_deliveries`].
pub fn update_as_person(world: &mut World, person: &str, ticket_id: i64, set: Row) -> Result<(), String> {
    let caller = Caller::person(person);
    let sent = clean("tickets", set, 0).map_err(|reply| reply.reason())?;
    let changes = write::apply(world, &caller, ticket_id, &sent, Via::Edit { silent: true })
        .map_err(|reply| format!("ticket {ticket_id}: {}", reply.reason()))?;
    world.record(Side::Halo, &caller.actor, WriteKind::Update, "tickets", &ticket_id.to_string(), changes);
    Ok(())
}

/// A person creates a ticket; gives its number.
pub fn create_as_person(world: &mut World, person: &str, fields: Row) -> Result<i64, String> {
    let caller = Caller::person(person);
    let mut sent = clean("tickets", fields, 0).map_err(|reply| reply.reason())?;
    sent.insert("sendack".into(), Value::Bool(false));
    sent.remove("id");
    write::create(world, &caller, &sent).map_err(|reply| reply.reason())
}
