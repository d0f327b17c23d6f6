//! Rights beyond what the sync needs, shown by what Halo answers to questions that it should refuse.
//!
//! Halo's claims have no public names or levels, so behaviour is the evidence: an area whose list brings a row is
//! open. An empty or refused list proves nothing against the role.

use halo_client::bytes::Bytes;
use halo_client::schema::Me;
use halo_client::{Client, http};
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

use super::connect::plainly;
use super::finding::{Finding, State};
use super::inputs::Inputs;
use super::ledger::Ledger;

const CODE: &str = "excess_right";
/// Only an administrator may read this.
const ADMINISTRATORS: &str = "/Roles";
/// Areas that the role leaves at "Not set", with a list of each.
const AREAS: [(&str, &str); 9] = [
    ("Users", "/Users"),
    ("Assets", "/Asset"),
    ("Items", "/Item"),
    ("Invoices", "/Invoice"),
    ("Contracts", "/ClientContract"),
    ("Suppliers", "/Supplier"),
    ("Quotations", "/Quotation"),
    ("Reporting", "/Report"),
    ("Knowledge Base", "/KBArticle"),
];

/// What one list answered.
enum Door {
    /// So many rows at least.
    Open(u64),
    /// No row, or a refusal.
    Shut,
    /// Neither.
    Unknown(String),
}

/// Judges the agent's rights.
pub(super) async fn judge(client: &Client, inputs: &Inputs, me: Option<&Me>, ledger: &mut Ledger) {
    let mut proofs = Vec::new();
    if let Some(me) = me {
        if me.is_admin == Some(true) {
            proofs.push("GET /Agent/me: is_admin is true".to_owned());
        }
        proofs.extend(me.claims.iter().flatten().filter_map(|claim| {
            let (name, level) =
                (claim.value().type_.as_deref()?, claim.value().value.as_deref().unwrap_or_default());
            let none = matches!(level.trim(), "" | "0" | "false" | "False");
            (name.to_lowercase().contains("administrator") && !none)
                .then(|| format!("GET /Agent/me: the right {name} = {level}"))
        }));
    }
    let mut unknown = Vec::new();
    match door(client, ADMINISTRATORS).await {
        Door::Open(rows) => {
            proofs.push(format!("GET {ADMINISTRATORS}: {rows} roles, which only administrators may read"))
        }
        Door::Shut => {}
        Door::Unknown(why) => unknown.push(format!("GET {ADMINISTRATORS}: {why}")),
    }
    if !proofs.is_empty() {
        // An administrator may do everything; listing the areas one by one would only hide that.
        let finding = Finding::new(CODE, State::Fails).saw_all(proofs);
        ledger.put(finding.means(
            "The agent is an administrator: whoever gets hold of the secret can change and delete everything in this \
             Halo.",
        ));
        return;
    }
    let mut open = Vec::new();
    let mut shut = Vec::new();
    for (area, path) in AREAS {
        match door(client, path).await {
            Door::Open(rows) => open.push(format!("GET {path}: {rows} rows, so {area} is open")),
            Door::Shut => shut.push(area),
            Door::Unknown(why) => unknown.push(format!("GET {path}: {why}")),
        }
    }
    let wide: Vec<&str> = inputs
        .halo
        .scopes
        .iter()
        .map(String::as_str)
        .filter(|scope| scope.eq_ignore_ascii_case("all") || scope.eq_ignore_ascii_case("admin"))
        .collect();
    if !wide.is_empty() {
        open.push(format!("halo.scopes asks for {}, and all:standard is enough", wide.join(" ")));
    }
    let closed =
        format!("no rows of {}", if shut.is_empty() { "anything".to_owned() } else { shut.join(", ") });
    ledger.put(if !open.is_empty() {
        Finding::new(CODE, State::Warning).saw_all(open)
    } else if !unknown.is_empty() {
        Finding::new(CODE, State::CannotTell).saw(closed).saw_all(unknown)
    } else {
        Finding::new(CODE, State::Ok).saw(format!("GET {ADMINISTRATORS} is refused; {closed}"))
    });
}

async fn door(client: &Client, path: &str) -> Door {
    let request = http::Request::get(format!("{path}?pageinate=true&page_size=1&page_no=1&count=1"));
    let Ok(request) = request.body(Bytes::new()) else { return Door::Shut };
    match client.raw(request).await {
        Ok(answer) => rows(answer.body()).map_or_else(
            || Door::Unknown("an answer that is no list".into()),
            |rows| {
                if rows > 0 { Door::Open(rows) } else { Door::Shut }
            },
        ),
        // A missing right is answered with either status (observed by a public client); a route that this instance
        // does not have is shut as well.
        Err(error) if error.is_permission() || error.is_authentication() || error.is_not_found() => {
            Door::Shut
        }
        Err(error) => Door::Unknown(plainly(&error)),
    }
}

/// How many rows a list has: those of a bare array, or of the array in an envelope, or the envelope's own count.
fn rows(body: &[u8]) -> Option<u64> {
    if let Ok(rows) = serde_json::from_slice::<Vec<IgnoredAny>>(body) {
        return Some(rows.len() as u64);
    }
    let envelope: BTreeMap<String, Box<serde_json::value::RawValue>> = serde_json::from_slice(body).ok()?;
    if let Some(count) = envelope.get("record_count").and_then(|count| count.get().parse::<u64>().ok()) {
        return Some(count);
    }
    let arrays = envelope.values().filter_map(|raw| serde_json::from_str::<Vec<IgnoredAny>>(raw.get()).ok());
    arrays.map(|rows| rows.len() as u64).max()
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn rows_are_counted_in_every_shape() {
        assert_eq!(rows(b"[]"), Some(0));
        assert_eq!(rows(b"[{},{}]"), Some(2));
        assert_eq!(rows(br#"{"record_count": 12, "users": [{}]}"#), Some(12));
        assert_eq!(rows(br#"{"users": [{}]}"#), Some(1));
        assert_eq!(rows(br#"{"message": "hello"}"#), None);
        assert_eq!(rows(b"<html>"), None);
    }
}
