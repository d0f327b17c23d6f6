//! What ticket types and statuses tell of themselves.

use std::collections::BTreeSet;

use halo_client::Client;
use serde_json::Value;

use super::ask::{Row, flag, list, plainly, record, text, total, whole};
use super::report::Book;

/// So many types are looked at one by one.
const LOOKED_AT: usize = 6;

/// Asks them.
pub(super) async fn ask(client: &Client, book: &mut Book) {
    let found = match list(client, "/TicketType").await {
        Ok(found) => found,
        Err(error) => {
            for id in ["H34", "H35", "H14"] {
                book.cannot_tell(id, format!("GET /TicketType: {}", plainly(&error)));
            }
            return;
        }
    };
    let used = |word: &str| found.iter().filter(|row| text(row, "use") == Some(word)).count();
    let itil = found.iter().filter(|row| whole(row, "itilrequesttype") == Some(22)).count();
    let (sales, projects) = (used("opportunity"), used("project"));
    let saw = format!(
        "{} types: {sales} of use opportunity, {projects} of use project, {itil} of ITIL type 22",
        found.len()
    );
    book.is("H34", sales + projects > 0, saw);
    let ours: Vec<&Row> =
        found.iter().filter(|row| matches!(text(row, "use"), Some("opportunity" | "project"))).collect();
    let mut details = Vec::new();
    for id in ours.iter().filter_map(|row| whole(row, "id")).take(LOOKED_AT) {
        details.extend(record(client, &format!("/TicketType/{id}?includedetails=true")).await);
    }
    mandatory(&details, book);
    own_acts(client, &details, book).await;
    teams(client, &details, book).await;
    allowed(client, &found, book).await;
    counts(client, &ours, book).await;
    filter(client, &ours, book).await;
}

/// Whether the types that say they demand something are those with a field of level 2.
fn mandatory(details: &[Row], book: &mut Book) {
    let (mut agree, mut differ) = (0_usize, 0_usize);
    for detail in details.iter().filter(|detail| detail.contains_key("hasmandatorytechfields")) {
        let fields = detail.get("fields").and_then(Value::as_array);
        let demands = fields
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .any(|field| whole(field, "technew") == Some(2));
        if demands == flag(detail, "hasmandatorytechfields") { agree += 1 } else { differ += 1 }
    }
    let saw = format!("hasmandatorytechfields agrees on {agree} types, differs on {differ}");
    if agree + differ == 0 {
        book.cannot_tell("H35", "no type says whether it demands fields")
    } else {
        book.is("H35", differ == 0, saw)
    }
}

async fn filter(client: &Client, types: &[&Row], book: &mut Book) {
    for (word, route) in [("project", "/Projects"), ("opportunity", "/Opportunities")] {
        let of: Vec<i64> = types
            .iter()
            .filter(|row| text(row, "use") == Some(word))
            .filter_map(|row| whole(row, "id"))
            .collect();
        let page = "pageinate=true&page_size=50&page_no=1";
        let Ok(all) = list(client, &format!("{route}?{page}")).await else { continue };
        for id in of {
            // Only a type that not every row has can tell.
            if all.iter().all(|row| whole(row, "tickettype_id") == Some(id)) {
                continue;
            }
            let Ok(found) = list(client, &format!("{route}?{page}&requesttype_id={id}")).await else {
                continue;
            };
            let others = found.iter().filter(|row| whole(row, "tickettype_id") != Some(id)).count();
            return book.is(
                "H14",
                others == 0,
                format!("GET {route}: {} rows, {others} of another type", found.len()),
            );
        }
    }
    book.cannot_tell("H14", "no list has rows of two types");
}

/// Whether the fields are there by which a type or a status says that it acts by itself. What they mean, only Halo's screens
/// tell.
async fn own_acts(client: &Client, details: &[Row], book: &mut Book) {
    const ACTS: [&str; 4] =
        ["statusafteruserupdate", "statusaftertechupdate", "autoCloseHours", "default_targetdate"];
    let has = |names: &[&str]| {
        details.iter().filter(|row| names.iter().any(|name| row.contains_key(*name))).count()
    };
    let held = |names: &[&str]| {
        details
            .iter()
            .filter(|row| names.iter().any(|name| whole(row, name).is_some_and(|held| held > 0)))
            .count()
    };
    match (details.len(), has(&ACTS)) {
        (0, _) => book.cannot_tell("H58", "no type was read"),
        (_, 0) => book.fails("H58", "no type has the fields"),
        (all, _) => book.cannot_tell(
            "H58",
            format!(
                "the fields are there; {} of {all} types hold something in them: compare with the screens",
                held(&ACTS)
            ),
        ),
    }
    match list(client, "/Status").await {
        Err(error) => book.cannot_tell("H57", format!("GET /Status: {}", plainly(&error))),
        Ok(statuses) => {
            let there = statuses.iter().any(|row| row.contains_key("notifystatuschange"));
            let mails =
                statuses.iter().filter(|row| whole(row, "notifystatuschange").is_some_and(|held| held > 0));
            if !there || (!details.is_empty() && has(&["default_sendack"]) == 0) {
                book.fails("H57", "the fields are not there");
            } else {
                let (mails, acknowledge) = (mails.count(), held(&["default_sendack"]));
                book.cannot_tell(
                    "H57",
                    format!(
                        "the fields are there; {mails} of {} statuses and {acknowledge} types hold something in them: \
                         compare with the screens",
                        statuses.len()
                    ),
                );
            }
        }
    }
}

/// Whether the teams that a type allows are teams that Halo lists.
async fn teams(client: &Client, details: &[Row], book: &mut Book) {
    let known: BTreeSet<i64> = match list(client, "/Team").await {
        Ok(teams) => teams.iter().filter_map(|row| whole(row, "id")).collect(),
        Err(error) => return book.cannot_tell("H61", format!("GET /Team: {}", plainly(&error))),
    };
    if !details.iter().any(|row| row.contains_key("allowed_teams")) {
        return match details.is_empty() {
            true => book.cannot_tell("H61", "no type was read"),
            false => book.fails("H61", "no type has the field"),
        };
    }
    let rows = details.iter().filter_map(|row| row.get("allowed_teams")?.as_array()).flatten();
    let named: Vec<Option<i64>> =
        rows.filter_map(Value::as_object).map(|row| whole(row, "section_id")).collect();
    let fit = named.iter().flatten().filter(|id| known.contains(id)).count();
    match named.len() {
        0 => book.cannot_tell("H61", "no type allows single teams"),
        all => {
            book.is("H61", fit == all, format!("{fit} of {all} allowed teams are among those of GET /Team"))
        }
    }
}

/// Whether the lists of types by what the agent may do are parts of the list of all.
async fn allowed(client: &Client, all: &[Row], book: &mut Book) {
    let known: BTreeSet<i64> = all.iter().filter_map(|row| whole(row, "id")).collect();
    let mut numbers = Vec::new();
    let mut beyond = 0;
    for flag in ["can_create_only", "can_edit_only"] {
        match list(client, &format!("/TicketType?{flag}=true")).await {
            Ok(rows) => {
                beyond +=
                    rows.iter().filter(|row| whole(row, "id").is_none_or(|id| !known.contains(&id))).count();
                numbers.push(rows.len());
            }
            Err(error) => {
                return book.cannot_tell("H54", format!("GET /TicketType?{flag}=true: {}", plainly(&error)));
            }
        }
    }
    let saw = format!("of {} types {} may be created and {} edited", known.len(), numbers[0], numbers[1]);
    if beyond > 0 {
        book.fails("H54", format!("{saw}; {beyond} are not among the types that are listed"));
    } else if numbers.iter().any(|number| *number < known.len()) {
        book.holds("H54", saw);
    } else {
        book.cannot_tell("H54", format!("{saw}: the role allows all, or the filters are ignored"));
    }
}

/// Whether a type's own count is that of all its tickets, hidden ones too.
async fn counts(client: &Client, types: &[&Row], book: &mut Book) {
    let counted = match list(client, "/TicketType?showcounts=true").await {
        Ok(rows) => rows,
        Err(error) => return book.cannot_tell("H53", format!("GET /TicketType: {}", plainly(&error))),
    };
    let (mut more, mut same, mut less) = (0, 0, 0);
    for row in types.iter().take(LOOKED_AT / 2) {
        let Some(id) = whole(row, "id") else { continue };
        let own = counted.iter().find(|row| whole(row, "id") == Some(id));
        let Some(own) = own.and_then(|row| whole(row, "ticket_count")) else { continue };
        let route = if text(row, "use") == Some("project") { "/Projects" } else { "/Opportunities" };
        let path = format!("{route}?requesttype_id={id}&pageinate=true&page_size=1&page_no=1");
        let Some(shown) = total(client, &path).await else { continue };
        match own.cmp(&shown) {
            std::cmp::Ordering::Greater => more += 1,
            std::cmp::Ordering::Equal => same += 1,
            std::cmp::Ordering::Less => less += 1,
        }
    }
    let saw = format!("the count is that of the list for {same} types, more for {more}, less for {less}");
    match (more, same, less) {
        (0, 0, 0) => book.cannot_tell("H53", "no type has a count of its own"),
        (_, _, 1..) => book.fails("H53", saw),
        (1.., ..) => book.holds("H53", saw),
        _ => book.cannot_tell("H53", format!("{saw}: nothing is hidden, or it is not counted either")),
    }
}
