//! A desk with as many links as anybody likes: the records are made in both systems, the links in the database.

use std::collections::BTreeMap;
use std::time::Duration;

use halo_hit::storage::{Change, RecordKey, SqliteStore, Store as _};
use serde_json::{Value, json};
use sync_core::base::{BaseCell, Link};
use sync_core::field::FieldId;
use sync_core::ids::{HaloClientId, Kind};
use sync_core::record::{HaloTicket, HitItem};
use sync_core::value::{Obs, Value as Held};

use crate::{Desk, Pair};

/// How many edits go into one request to the control port.
const AT_ONCE: usize = 2_000;

/// What names of records that were grown begin with.
const NAME: &str = "Grown";

/// What a run of the program cost its machine.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// How long it took.
    pub took: Duration,
    /// The most memory it held, in bytes, as the system counts it; 0 where it does not.
    pub memory: u64,
}

/// Adds `count` linked opportunities to a desk that is at rest, made after the pair `like`, as if they had been created
/// by the sync long ago. Gives the ids of their items.
///
/// The reading of the new records is the program's own (`plan`); what is made here are the links alone, with the base
/// that both records were read to hold.
///
/// # Panics
/// If the desk is not at rest, or anything cannot be made.
pub async fn grow(desk: &Desk, like: &Pair, count: usize) -> Vec<String> {
    let ticket = like.opportunity.as_ref().expect("an opportunity to make others after");
    let mut like_ticket = serde_json::Map::new();
    for field in ["client_id", "site_id", "user_id", "tickettype_id", "status_id", "team", "agent_id"] {
        like_ticket.insert(field.to_owned(), ticket[field].clone());
    }
    let instance = like.item["external_references"][0]["instance"].clone();
    let names: Vec<String> = (0..count).map(|number| format!("{NAME} {number:06}")).collect();
    let mut items = Vec::new();
    // The last one apart from the others, so that a read that reaches back a little does not meet all of them again.
    let (last, most) = names.split_last().expect("at least one");
    for names in most.chunks(AT_ONCE).chain([std::slice::from_ref(last)]) {
        if names.len() == 1 {
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        let tickets = names.iter().map(|name| {
            let mut create = like_ticket.clone();
            create.insert("summary".to_owned(), json!(name));
            json!({"side": "halo", "create": create})
        });
        let ids = desk.edit(tickets.collect()).await;
        let made = names.iter().zip(&ids).map(|(name, id)| {
            let reference = json!({"system": "halopsa", "instance": instance, "kind": "opportunity",
                "id": id.to_string(), "url": null, "marker": null});
            json!({"side": "hit", "create": {"client_id": like.item["client_id"], "name": name,
                "status_id": like.item["status_id"], "external_references": [reference]}})
        });
        let ids = desk.edit(made.collect()).await;
        items.extend(ids.iter().map(|id| id.as_str().unwrap().to_owned()));
    }
    // The program reads them, and would ask what they are.
    let ended = desk.run(&["plan"]).await;
    assert!([0, 2, 3, 4].contains(&ended.code), "{ended:?}");
    link(desk, like).await;
    items
}

async fn link(desk: &Desk, like: &Pair) {
    let store = SqliteStore::open(&desk.path("halo-hit.db"), 0).await.unwrap();
    let lease = store.lease("growing", Duration::from_secs(5)).await.unwrap();
    let (mut tickets, mut items) = (BTreeMap::new(), Vec::new());
    for (_, text) in store.seen().await.unwrap() {
        let mut row: Value = serde_json::from_str(&text).unwrap();
        if let Some(ticket) = row.get_mut("ticket") {
            let ticket: HaloTicket = serde_json::from_value(ticket.take()).unwrap();
            if let Some(name) = name(ticket.fields.get(FieldId::Name)) {
                tickets.insert(name, ticket);
            }
        } else if let Some(item) = row.get_mut("item") {
            items.push(serde_json::from_value::<HitItem>(item.take()).unwrap());
        }
    }
    let mut changes = Vec::new();
    for item in items {
        let Some(mut ticket) = name(item.fields.get(FieldId::Name)).and_then(|name| tickets.remove(&name))
        else {
            continue;
        };
        let halo_client =
            HaloClientId(like.opportunity.as_ref().unwrap()["client_id"].as_f64().unwrap() as i64);
        let mut link = Link::new(item.id.clone(), item.client.clone(), halo_client);
        link.opportunity = Some(ticket.id);
        for (field, hit) in item.fields.iter() {
            if let (Some(halo), Some(hit)) = (ticket.fields.get(field).seen(), hit.seen()) {
                let cell = BaseCell { halo: halo.cloned(), hit: hit.cloned() };
                link.base.of_mut(Kind::Opportunity).insert(field, cell);
            }
        }
        // As if it had been read in detail when it was linked.
        ticket.link_back = Obs::Value(item.id.as_str().into());
        for (field, _) in item.fields.iter() {
            if *ticket.fields.get(field) == Obs::NotFetched {
                ticket.fields.set(field, Obs::Null);
            }
        }
        let body = json!({"ticket": ticket}).to_string();
        changes.push(Change::PutSeen { key: RecordKey::Ticket(ticket.id), body });
        changes.push(Change::PutLink(Box::new(link)));
    }
    for mark in store.dirty().await.unwrap() {
        changes.push(Change::Clean { key: mark.key, mark: mark.mark });
    }
    store.commit(&lease, &changes, 1).await.unwrap();
    drop(lease);
    store.close().await;
}

fn name(held: &Obs<Held>) -> Option<String> {
    match held.value() {
        Some(Held::Text(name)) if name.starts_with(NAME) => Some(name.to_string()),
        _ => None,
    }
}

impl Desk {
    /// Runs a command to its end and measures it.
    ///
    /// # Panics
    /// As [`Desk::run`].
    #[allow(clippy::disallowed_methods, reason = "the length of a run of a real process")]
    pub async fn measured(&self, arguments: &[&str]) -> (crate::Ended, Load) {
        let began = std::time::Instant::now();
        let child = self.command(arguments).spawn().unwrap();
        let process = child.id();
        let ended = tokio::spawn(crate::desk::output(child));
        let mut memory = 0;
        while !ended.is_finished() {
            // Where the system does not tell, 0 stays.
            let status = process.and_then(|id| std::fs::read_to_string(format!("/proc/{id}/status")).ok());
            let peak =
                status.as_deref().and_then(|text| text.lines().find_map(|line| line.strip_prefix("VmHWM:")));
            let kilobytes =
                peak.and_then(|rest| rest.trim().split(' ').next()).and_then(|text| text.parse().ok());
            memory = kilobytes.map_or(memory, |kilobytes: u64| kilobytes * 1_024);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        (ended.await.unwrap(), Load { took: began.elapsed(), memory })
    }
}
