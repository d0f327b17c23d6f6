//! What reading tells of HaloPSA.

use halo_client::Client;
use serde_json::Value;

use super::ask::{Row, flag, get, list, plainly, record, text, whole};
use super::report::Book;
use super::{rights, types};
use crate::check::{Inputs, discovery};
use crate::config::Config;
use crate::secrets::Secrets;

/// A tenant, a scope and a link that nobody has.
const NOBODY: &str = "halo-hit-probe-of-nobody";
/// Rows of a list that are looked at.
const ROWS: usize = 50;
/// What Halo's document lists for a ticket and not for a row of a list.
const NOT_IN_LISTS: [&str; 8] = [
    "createdfrom_id",
    "related_tickets",
    "quotation_count",
    "salesorder_count",
    "datecreated",
    "external_links",
    "client_reference",
    "deleted",
];
/// Records of a kind that are read one by one, for what lists do not carry.
const DETAILS: usize = 20;

/// Addresses, tokens, and who the token stands for.
pub(super) async fn connection(
    config: &Config,
    secrets: &Secrets,
    inputs: &Inputs,
    client: &Client,
    book: &mut Book,
) {
    book.holds("H1", "a token was issued at the configured addresses");
    tenant(config, secrets, book).await;
    match (inputs.halo.connect)(&["edit:chairs".to_owned()]) {
        Ok(other) => match other.authenticate().await {
            Ok(()) => book.fails("H4", "a scope that does not exist was granted"),
            Err(error) => {
                book.is(
                    "H4",
                    error.code() == Some("invalid_scope"),
                    format!("POST /token: {}", plainly(&error)),
                );
            }
        },
        Err(_) => book.cannot_tell("H4", "the client could not be built"),
    }
    book.cannot_tell("H11", "an inactive agent or application would be needed");
    let (_, found) = discovery(inputs).await;
    let named = [("auth_url", found.authorisation_server.is_some()), ("tenant_id", found.tenant.is_some())];
    let lacks: Vec<&str> = named.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
    let saw = if lacks.is_empty() {
        "both are named".to_owned()
    } else {
        format!("it lacks {}", lacks.join(" and "))
    };
    book.is("H12", lacks.is_empty(), format!("GET /AuthInfo without a token: {saw}"));
    me(client, book).await;
}

/// The token endpoint with a tenant that nobody has.
async fn tenant(config: &Config, secrets: &Secrets, book: &mut Book) {
    if config.halo.tenant.is_none() {
        for id in ["H2", "H3"] {
            book.cannot_tell(id, "no tenant is configured");
        }
        return;
    }
    let mut other = config.clone();
    other.halo.tenant = Some(NOBODY.to_owned());
    let inputs = Inputs::new(&other, secrets, Default::default());
    let Ok(client) = (inputs.halo.connect)(&inputs.halo.scopes) else {
        return book.cannot_tell("H3", "the client could not be built");
    };
    match client.authenticate().await {
        Ok(()) => {
            book.fails("H2", "a token was issued for a tenant that nobody has");
            book.cannot_tell("H3", "the tenant is not looked at");
        }
        Err(error) => {
            book.holds("H2", format!("another tenant is refused: {}", plainly(&error)));
            book.is(
                "H3",
                error.code() == Some("tenant_unknown"),
                format!("POST /token: {}", plainly(&error)),
            );
        }
    }
}

async fn me(client: &Client, book: &mut Book) {
    let found = match get(client, "/Agent/me").await {
        Ok(Value::Object(found)) => found,
        Ok(_) => return book.fails("H7", "GET /Agent/me: no object"),
        Err(error) => {
            rights::user(client, book).await;
            return book.fails("H7", format!("GET /Agent/me: {}", plainly(&error)));
        }
    };
    let claims = found.get("claims").and_then(Value::as_array).map_or(0, Vec::len);
    let agent = whole(&found, "id").is_some();
    let shape = if agent { "the agent" } else { "the claims alone" };
    book.is("H7", agent || claims > 0, format!("GET /Agent/me: {shape}, {claims} claims"));
    book.cannot_tell("H8", format!("{claims} claims; a second role would be needed to compare"));
    book.cannot_tell("H10", "a second role would be needed to compare");
    match list(client, "/Agent").await {
        Ok(agents) => {
            let others = agents.iter().filter(|row| whole(row, "id").is_some_and(|id| id > 1)).count();
            match text(&found, "team").map(str::trim) {
                Some("") => {
                    book.is("H9", others <= 1, format!("no default team, and {others} agents listed"))
                }
                _ => book.cannot_tell("H9", format!("the agent has a default team; {others} agents listed")),
            }
        }
        Err(error) => book.cannot_tell("H9", format!("GET /Agent: {}", plainly(&error))),
    }
    rights::ask(client, &found, book).await;
    let administrator = flag(&found, "is_admin");
    match list(client, "/Roles").await {
        Ok(roles) if roles.is_empty() => book.holds("H13", "GET /Roles: no rows"),
        Ok(_) if administrator => book.cannot_tell("H13", "the agent is an administrator"),
        Ok(roles) => {
            book.fails("H13", format!("GET /Roles: {} rows, and the agent is no administrator", roles.len()))
        }
        Err(error) => book.holds("H13", format!("GET /Roles: {}", plainly(&error))),
    }
}

/// What the lists and records show.
pub(super) async fn records(client: &Client, book: &mut Book) {
    match list(client, "/Currency").await {
        Ok(found) => {
            let own = found.len() == 1 || found.iter().filter(|row| flag(row, "default")).count() == 1;
            book.is("H15", own, format!("GET /Currency: {} rows", found.len()));
        }
        Err(error) => book.cannot_tell("H15", format!("GET /Currency: {}", plainly(&error))),
    }
    match list(client, &format!("/ExternalLink?third_party_id={NOBODY}")).await {
        Ok(found) => {
            let saw = format!("asked for a text that nobody has: {} rows", found.len());
            // Where there is no link at all, an empty answer proves nothing.
            let any = list(client, "/ExternalLink").await.is_ok_and(|all| !all.is_empty());
            if found.is_empty() && !any {
                book.cannot_tell("H21", format!("{saw}; no external link is listed at all"));
            } else {
                book.is("H21", found.is_empty(), saw);
            }
        }
        Err(error) => book.cannot_tell("H21", format!("GET /ExternalLink: {}", plainly(&error))),
    }
    match list(client, "/Agent?includeunassigned=true").await {
        Ok(found) => match found.iter().find(|row| whole(row, "id") == Some(1)) {
            Some(row) => {
                let nobody = text(row, "name").is_some_and(|name| name.to_lowercase().contains("unassigned"));
                book.is(
                    "H24",
                    nobody,
                    format!("agent 1 is {}called unassigned", if nobody { "" } else { "not " }),
                );
            }
            None => book.cannot_tell("H24", "no agent 1 is listed"),
        },
        Err(error) => book.cannot_tell("H24", format!("GET /Agent: {}", plainly(&error))),
    }
    types::ask(client, book).await;
    tickets(client, book).await;
}

async fn tickets(client: &Client, book: &mut Book) {
    let page = format!("pageinate=true&page_size={ROWS}&page_no=1&order=id&orderdesc=false");
    let path = format!("/Tickets?{page}");
    let found = match list(client, &path).await {
        Ok(found) if !found.is_empty() => found,
        Ok(_) => return,
        Err(error) => return book.cannot_tell("H48", format!("GET /Tickets: {}", plainly(&error))),
    };
    let ids = |rows: &[Row]| rows.iter().filter_map(|row| whole(row, "id")).collect::<Vec<_>>();
    let first = ids(&found);
    let sorted = first.is_sorted();
    let uses = found.iter().filter(|row| matches!(text(row, "use"), Some("project" | "opportunity"))).count();
    book.is(
        "H48",
        sorted,
        format!(
            "{} rows, {}sorted; {uses} say that they are projects or opportunities",
            first.len(),
            if sorted { "" } else { "not " }
        ),
    );
    if let Ok(again) = list(client, &path).await {
        book.is("H38", ids(&again) == first, "the first page was read twice");
    }
    times(client, &found, book).await;
    let mut records = found;
    let mut details = Vec::new();
    for route in ["/Opportunities", "/Projects"] {
        let open = format!("{route}?pageinate=true&page_size={ROWS}&page_no=1");
        let rows = list(client, &open).await.unwrap_or_default();
        for id in rows.iter().filter_map(|row| whole(row, "id")).take(DETAILS) {
            details.extend(record(client, &format!("/Tickets/{id}?includedetails=true")).await);
        }
        records.extend(rows);
    }
    carried(&records, book);
    sentinels(&records, book);
    priced(&details, book);
    linked(&details, book);
    closed(client, &records, book).await;
    let made = details.iter().filter(|row| whole(row, "createdfrom_id").is_some_and(|id| id > 0)).count();
    match made {
        0 => book.cannot_tell("H36", "no ticket that was read was made from another"),
        count => book.holds("H36", format!("{count} tickets name the one they were made from")),
    }
    notes(client, &records, book).await;
    search(client, book).await;
}

/// Zone, and the filter by time of change.
async fn times(client: &Client, found: &[Row], book: &mut Book) {
    let clock = rest_core::clock::Clock::wall(&rest_core::clock::SystemClock);
    let Ok(now) = jiff::Timestamp::try_from(clock) else { return };
    let newest = "/Tickets?pageinate=true&page_size=1&page_no=1&order=last_update&orderdesc=true";
    let newest = list(client, newest).await.unwrap_or_default();
    let stamps = newest.iter().chain(found).filter_map(|row| text(row, "last_update"));
    let read: Vec<(bool, jiff::civil::DateTime)> = stamps
        .filter_map(|stamp| {
            let zoned = stamp.ends_with('Z') || stamp.get(10..).is_some_and(|time| time.contains('+'));
            Some((zoned, stamp.get(..19)?.parse().ok()?))
        })
        .collect();
    let zoned = read.iter().filter(|(zoned, _)| *zoned).count();
    let newest = read.iter().map(|(_, at)| *at).max().and_then(|at| at.in_tz("UTC").ok());
    match newest.map(|at| now.duration_since(at.timestamp()).as_secs() / 60) {
        _ if zoned > 0 => book.fails("H22", format!("{zoned} of {} times have a zone", read.len())),
        Some(age) if age < -5 => {
            book.fails("H22", format!("as UTC, the newest change would be {} minutes ahead", -age))
        }
        Some(age) if age < 60 => book.holds("H22", format!("as UTC, the newest change is {age} minutes old")),
        Some(_) => book.cannot_tell("H22", "nothing changed within the last hour"),
        None => book.cannot_tell("H22", "no ticket has a time of change"),
    }
    let tomorrow = now.checked_add(jiff::SignedDuration::from_hours(48)).unwrap_or(now);
    let bound = tomorrow.strftime("%Y-%m-%dT%H:%M:%S");
    let path = format!("/Tickets?pageinate=true&page_size=5&page_no=1&lastupdatefromdate={bound}");
    match list(client, &path).await {
        Ok(rows) => book.is(
            "H37",
            rows.is_empty(),
            format!("changes since the day after tomorrow: {} rows", rows.len()),
        ),
        Err(error) => book.fails("H37", format!("GET /Tickets: {}", plainly(&error))),
    }
}

/// What stands for nothing.
fn sentinels(records: &[Row], book: &mut Book) {
    let years = records.iter().flat_map(|row| row.values()).filter_map(Value::as_str).filter(|text| {
        text.len() >= 19
            && text.as_bytes().get(10) == Some(&b'T')
            && text.get(..4).and_then(|year| year.parse::<i32>().ok()).is_some_and(|year| year <= 1980)
    });
    match years.count() {
        0 => book.cannot_tell("H23", "no date up to 1980 was read"),
        count => book.holds("H23", format!("{count} dates up to 1980 in {} records", records.len())),
    }
    const NUMBERS: [&str; 5] =
        ["oppvalue", "oppvalue_oneoff", "oppvalue_monthly", "projectmoneybudget", "projecttimebudget"];
    let values = || records.iter().flat_map(|row| NUMBERS.iter().filter_map(|name| row.get(*name)));
    let (zeros, nulls) = (
        values().filter(|value| value.as_f64() == Some(0.0)).count(),
        values().filter(|value| value.is_null()).count(),
    );
    match (zeros, nulls) {
        (0, 0) => book.cannot_tell("H25", "no number that was left empty was read"),
        (zeros, nulls) => book.is("H25", nulls == 0, format!("{zeros} are 0, {nulls} are null")),
    }
}

/// What rows of lists carry although Halo's document does not list it for them.
fn carried(records: &[Row], book: &mut Book) {
    let there: Vec<&str> =
        NOT_IN_LISTS.into_iter().filter(|name| records.iter().any(|row| row.contains_key(*name))).collect();
    match (records.is_empty(), there.is_empty()) {
        (true, _) => book.cannot_tell("H62", "no ticket was listed"),
        (false, true) => book.holds("H62", format!("{} rows have none of the eight", records.len())),
        (false, false) => book.fails("H62", format!("rows of lists have {}", there.join(", "))),
    }
}

/// Whether details carry the external links of their tickets, none included.
fn linked(details: &[Row], book: &mut Book) {
    let there = details.iter().filter(|row| row.get("external_links").is_some_and(Value::is_array)).count();
    match details.len() {
        0 => book.cannot_tell("H130", "no ticket was read in detail"),
        all => book.is("H130", there == all, format!("{there} of {all} tickets have the list")),
    }
}

/// Whether quotations and sales orders are counted.
fn priced(records: &[Row], book: &mut Book) {
    let priced =
        |name: &str| records.iter().filter(|row| whole(row, name).is_some_and(|count| count > 0)).count();
    let there = records.iter().any(|row| row.contains_key("quotation_count"));
    let saw = format!(
        "{} with quotations, {} with sales orders",
        priced("quotation_count"),
        priced("salesorder_count")
    );
    if there && priced("quotation_count") + priced("salesorder_count") > 0 {
        book.holds("H29", saw);
    } else {
        book.cannot_tell("H29", if there { saw } else { "no record has the fields".to_owned() });
    }
}

/// Whether the statuses that are left out as closed are those of closed tickets.
async fn closed(client: &Client, records: &[Row], book: &mut Book) {
    let (all, open) = (list(client, "/Status").await, list(client, "/Status?excludeclosed=true").await);
    let (Ok(all), Ok(open)) = (all, open) else {
        return book.cannot_tell("H33", "GET /Status was refused");
    };
    let open: Vec<i64> = open.iter().filter_map(|row| whole(row, "id")).collect();
    let left_out = all.len().saturating_sub(open.len());
    let (mut agree, mut differ) = (0_usize, 0_usize);
    for row in records {
        let Some(status) = whole(row, "status_id") else { continue };
        let dated =
            text(row, "dateclosed").and_then(|date| date.get(..4)).and_then(|year| year.parse::<i32>().ok());
        let ended = dated.is_some_and(|year| year > 1980);
        let said_closed = !open.contains(&status);
        if said_closed && ended {
            agree += 1
        }
        if said_closed != ended && row.contains_key("dateclosed") {
            differ += 1
        }
    }
    let saw = format!("{left_out} statuses left out; {agree} closed tickets agree, {differ} differ");
    match (left_out, agree + differ) {
        (0, _) => book.fails("H33", saw),
        (_, 0) => book.cannot_tell("H33", saw),
        _ => book.is("H33", differ == 0, saw),
    }
}

/// Whether conditions are numbered as we number them, tried on the ids of two projects or opportunities: each of these
/// combinations leaves exactly one of the two.
async fn search(client: &Client, book: &mut Book) {
    for route in ["/Projects", "/Opportunities"] {
        let page = format!("{route}?pageinate=true&page_size=2&page_no=1&order=id");
        let two: Vec<i64> =
            list(client, &page).await.unwrap_or_default().iter().filter_map(|row| whole(row, "id")).collect();
        let (low, high) = match two[..] {
            [one, other] if one != other => (one.min(other), one.max(other)),
            _ => continue,
        };
        let (one, other, both) = (low.to_string(), high.to_string(), format!("{low},{high}"));
        let combined = [
            (vec![(2, &one), (6, &one)], low),
            (vec![(8, &one), (10, &one)], low),
            (vec![(0, &both), (3, &one)], high),
            (vec![(0, &both), (1, &one), (7, &one)], high),
            (vec![(0, &both), (9, &other)], low),
        ];
        let mut odd = Vec::new();
        for (conditions, only) in &combined {
            let sent: Vec<Value> = conditions
                .iter()
                .map(|(number, value)| {
                    serde_json::json!({"filter_name": "id", "filter_type": number, "filter_value": value})
                })
                .collect();
            let sent = Value::Array(sent).to_string();
            let sent: String = url::form_urlencoded::byte_serialize(sent.as_bytes()).collect();
            match list(client, &format!("{page}&advanced_search={sent}")).await {
                Ok(rows) if rows.len() == 1 && whole(&rows[0], "id") == Some(*only) => {}
                Ok(_) => odd.extend(conditions.iter().map(|(number, _)| *number)),
                Err(error) => {
                    let saw = format!("GET {route} with conditions: {}", plainly(&error));
                    return book.cannot_tell("H92", saw);
                }
            }
        }
        odd.sort_unstable();
        odd.dedup();
        let saw = match odd.is_empty() {
            true => format!("conditions on ids of {route} leave what they should"),
            false => format!("conditions on ids of {route}: not so with the numbers {odd:?} together"),
        };
        return book.is("H92", odd.is_empty(), saw);
    }
    book.cannot_tell("H92", "there are no two projects or opportunities to tell apart");
}

async fn notes(client: &Client, records: &[Row], book: &mut Book) {
    book.cannot_tell("H93", "no ticket that was read has two actions");
    for id in records.iter().filter_map(|row| whole(row, "id")).take(5) {
        match list(client, &format!("/Actions?ticket_id={id}&count=20")).await {
            Ok(actions) => {
                if actions.len() > 1
                    && let Ok(one) = list(client, &format!("/Actions?ticket_id={id}&count=1")).await
                {
                    let saw = format!(
                        "GET /Actions of a ticket with {}, one asked for: {} answered",
                        actions.len(),
                        one.len()
                    );
                    book.is("H93", one.len() == 1, saw);
                }
                let noted = actions
                    .iter()
                    .filter(|row| text(row, "note").is_some_and(|note| !note.is_empty()))
                    .count();
                if noted > 0 {
                    return book
                        .holds("H47", format!("{noted} of {} actions show their note", actions.len()));
                }
            }
            Err(error) => return book.cannot_tell("H47", format!("GET /Actions: {}", plainly(&error))),
        }
    }
    book.cannot_tell("H47", "no action with a note was read");
}
