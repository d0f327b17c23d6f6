//! What reading tells of HumanizeIT.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use hit_client::{HitApi, HitApiExt as _, ItemQuery};

use super::ask::plainly;
use super::report::Book;

/// So many items are looked at.
const ITEMS: usize = 200;
/// The statuses that HumanizeIT's help pages name.
const KNOWN: [&str; 4] = ["recommended", "qualified", "approved", "work in progress"];

pub(super) async fn ask(api: &dyn HitApi, book: &mut Book) {
    let account = match api.account().await {
        Ok(account) => account,
        Err(error) if error.is_authentication() => {
            return book.cannot_tell("T1", format!("GET /account: {}", plainly(&error)));
        }
        Err(error) => return book.fails("T1", format!("GET /account: {}", plainly(&error))),
    };
    let offers: Vec<String> = account.capabilities.iter().map(ToString::to_string).collect();
    book.holds(
        "T1",
        format!(
            "GET /account; offers {}",
            if offers.is_empty() { "nothing".into() } else { offers.join(", ") }
        ),
    );
    if let Ok(again) = api.account().await {
        book.is("T3", again.id == account.id, "asked twice within this run");
    }
    match api.integration().await {
        Ok(found) => book.holds("T12", format!("GET /integrations/halopsa: the engine is {}", found.engine)),
        Err(error) => book.fails("T12", format!("GET /integrations/halopsa: {}", plainly(&error))),
    }
    let mut statuses = api.statuses();
    let mut names = BTreeSet::new();
    let mut odd = 0_usize;
    let mut more = 0_usize;
    while let Some(status) = statuses.next().await {
        match status {
            Ok(status) => {
                let name = status.name.trim().to_lowercase();
                if KNOWN.contains(&name.as_str()) {
                    names.insert(name);
                } else {
                    more += 1;
                }
            }
            Err(error) if error.is_bad_record() => odd += 1,
            Err(error) => return book.fails("T2", format!("GET /statuses: {}", plainly(&error))),
        }
    }
    let saw = format!("{} of the 4 known names, {more} others, {odd} unreadable", names.len());
    book.is("T2", names.len() == KNOWN.len() && odd == 0, saw);
    changes(api, book).await;
}

/// Whether the change that a bound stands on is among those since the bound.
async fn changes(api: &dyn HitApi, book: &mut Book) {
    let all = ItemQuery::new();
    let mut rows = api.items(&all).take(ITEMS);
    let mut newest: Option<(jiff::Timestamp, hit_client::ItemId)> = None;
    while let Some(row) = rows.next().await {
        let Ok(item) = row else { continue };
        let Some(at) = item.updated_at.value() else { continue };
        if newest.as_ref().is_none_or(|(newest, _)| at > *newest) {
            newest = Some((at, item.id.clone()));
        }
    }
    let Some((at, id)) = newest else {
        return book.cannot_tell("T6", "no item has a time of change");
    };
    let bound = ItemQuery::new().updated_since(at);
    let mut since = api.items(&bound).take(ITEMS);
    let (mut seen, mut older) = (false, 0_usize);
    while let Some(row) = since.next().await {
        let Ok(item) = row else { continue };
        seen |= item.id == id;
        older += usize::from(item.updated_at.value().is_some_and(|other| other < at));
    }
    let saw = format!(
        "the item that the bound stands on is {}listed, {older} older ones are",
        if seen { "" } else { "not " }
    );
    book.is("T6", seen && older == 0, saw);
}
