//! What the agent is and may see, as far as reading shows it.

use halo_client::Client;
use serde_json::Value;

use super::ask::{Row, get, list, plainly, text, whole};
use super::report::Book;
use crate::check::Workday;

/// Where the token is refused as an agent's: whose it is.
pub(super) async fn user(client: &Client, book: &mut Book) {
    match get(client, "/Users/me").await {
        Ok(_) => book.holds("H50", "GET /Agent/me is refused, GET /Users/me is answered"),
        Err(error) => {
            book.fails("H50", format!("GET /Agent/me is refused, GET /Users/me: {}", plainly(&error)));
        }
    }
}

/// Asks on, where it is an agent's.
pub(super) async fn ask(client: &Client, me: &Row, book: &mut Book) {
    book.cannot_tell("H50", "the application logs in as an agent");
    match get(client, "/InstanceInfo").await {
        Ok(found) => {
            let named =
                found.get("app_name").and_then(Value::as_str).is_some_and(|name| !name.trim().is_empty());
            book.is("H51", named, format!("a product is {}named", if named { "" } else { "not " }));
        }
        Err(error) => book.fails("H51", format!("GET /InstanceInfo: {}", plainly(&error))),
    }
    let departments = me.get("departments").and_then(Value::as_array);
    let levels: Vec<i64> = departments
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .filter_map(|row| whole(row, "membershiplevel"))
        .collect();
    book.cannot_tell(
        "H52",
        match departments {
            None => "the agent's departments are not named".to_owned(),
            Some(_) => {
                format!("the agent's departments have the levels {levels:?}: compare with the role's screen")
            }
        },
    );
    nobody(client, book).await;
    hours(client, book).await;
    closed(client, book).await;
}

/// Whether the filter by agent holds, asked for nobody.
async fn nobody(client: &Client, book: &mut Book) {
    let (mut rows, mut others) = (0, 0);
    for route in ["/Projects", "/Opportunities"] {
        let path = format!("{route}?agent_id=1&pageinate=true&page_size=50&page_no=1");
        match list(client, &path).await {
            Ok(found) => {
                rows += found.len();
                others += found.iter().filter(|row| whole(row, "agent_id").is_some_and(|id| id > 1)).count();
            }
            Err(error) => return book.cannot_tell("H55", format!("GET {route}: {}", plainly(&error))),
        }
    }
    match rows {
        0 => book.cannot_tell("H55", "no ticket is nobody's"),
        rows => book.is("H55", others == 0, format!("asked for nobody's: {rows} rows, {others} of an agent")),
    }
}

/// Whether work hours that are called 24 hours are read as such.
async fn hours(client: &Client, book: &mut Book) {
    let days = match list(client, "/Workday").await {
        Ok(days) => days,
        Err(error) => return book.cannot_tell("H56", format!("GET /Workday: {}", plainly(&error))),
    };
    let called =
        |row: &&Row| text(row, "name").is_some_and(|name| name.trim().to_lowercase().starts_with("24"));
    let (mut full, mut others) = (0, 0);
    for id in days.iter().filter(called).filter_map(|row| whole(row, "id")).take(3) {
        let Ok(day) = get(client, &format!("/Workday/{id}")).await else { continue };
        let read: Option<Workday> = serde_json::from_value(day).ok();
        if read.is_some_and(|day| day.is_full() == Some(true)) { full += 1 } else { others += 1 }
    }
    match full + others {
        0 => book.cannot_tell("H56", "no work hours are called 24 hours"),
        all => book.is("H56", others == 0, format!("{full} of {all} work hours called so are read so")),
    }
}

/// Whether Halo says of a ticket that this agent may change it, and otherwise of a closed one.
async fn closed(client: &Client, book: &mut Book) {
    let (Some(open), Some(closed)) =
        (may_change(client, "open_only").await, may_change(client, "closed_only").await)
    else {
        return book.cannot_tell("H60", "there is no open and closed ticket to compare");
    };
    match (open, closed) {
        (None, _) | (_, None) => book.fails("H60", "a ticket does not say whether it may be changed"),
        (Some(true), Some(false)) => book.holds("H60", "an open ticket may be changed, a closed one not"),
        (Some(true), Some(true)) => {
            book.cannot_tell("H60", "an open ticket and a closed one may be changed: compare with the role");
        }
        (Some(false), _) => {
            book.cannot_tell("H60", "an open ticket may not be changed: compare with the role")
        }
    }
}

/// What Halo says of a few tickets, whether they may be changed: yes if it says so of one. None where there is no ticket.
async fn may_change(client: &Client, filter: &str) -> Option<Option<bool>> {
    const EACH: usize = 2;
    let mut answer = None;
    for route in ["/Projects", "/Opportunities"] {
        let path = format!("{route}?{filter}=true&pageinate=true&page_size={EACH}&page_no=1");
        let found = list(client, &path).await.unwrap_or_default();
        for id in found.iter().filter_map(|row| whole(row, "id")) {
            let detail = get(client, &format!("/Tickets/{id}")).await.unwrap_or_default();
            let told = detail.get("_canupdate").and_then(Value::as_bool);
            if told == Some(true) {
                return Some(told);
            }
            answer = answer.or(Some(told));
        }
    }
    answer
}
