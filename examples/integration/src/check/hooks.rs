//! Webhooks: whether they may be made, are there, are active, and arrive. Without `webhooks.public_url` nothing is
//! asked, because polling does everything.

use halo_client::Client;
use serde::Deserialize;
use serde_json::Value;

use super::ask;
use super::connect::plainly;
use super::finding::{Finding, State};
use super::inputs::{HaloTarget, Hooks, Inputs};
use super::ledger::Ledger;

pub(super) const SCOPE: &str = "webhook_scope_missing";
const MISSING: &str = "webhook_missing";
const INACTIVE: &str = "webhook_inactive";
const DELIVERING: &str = "webhook_not_delivering";
pub(super) const WEBHOOKS: &str = "admin:webhooks";
const OFF: &str = "not needed: webhooks are off, and polling does everything";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Webhook {
    id: String,
    name: String,
    url: String,
    active: Option<bool>,
}

/// A client whose token asks for everything but webhooks, where that alone is what Halo refuses: the rest can be asked on
/// with it. And the finding.
pub(super) async fn without_scope(target: &HaloTarget, refused: String) -> Option<(Client, Finding)> {
    let others: Vec<String> =
        target.scopes.iter().filter(|scope| !scope.eq_ignore_ascii_case(WEBHOOKS)).cloned().collect();
    if others.is_empty() || others.len() == target.scopes.len() {
        return None;
    }
    let client = (target.connect)(&others).ok()?;
    client.authenticate().await.ok()?;
    let finding = Finding::new(SCOPE, State::Fails)
        .saw(refused)
        .saw(format!("without {WEBHOOKS} a token was issued"))
        .means("Halo gives no token at all as long as halo.scopes asks for it: nothing is synced.");
    Some((client, finding))
}

/// Whether the application may have webhooks, asked with a token of its own.
pub(super) async fn scope(inputs: &Inputs, ledger: &mut Ledger) {
    if ledger.before(SCOPE).is_some() || ledger.fails("scope_missing") || ledger.fails(SCOPE) {
        return;
    }
    let wanted = inputs.webhooks.as_ref().is_some_and(|hooks| hooks.halo);
    if !wanted {
        // The guide has the scope ticked. A token never has it unless it is asked for.
        let asked = inputs.halo.scopes.iter().any(|scope| scope.eq_ignore_ascii_case(WEBHOOKS));
        let more = if asked { "; halo.scopes asks for it all the same" } else { "" };
        ledger.ok(SCOPE, format!("{OFF}; {WEBHOOKS} may be left out of the application{more}"));
        return;
    }
    let Ok(client) = (inputs.halo.connect)(&[WEBHOOKS.to_owned()]) else { return };
    match client.authenticate().await {
        Ok(()) if inputs.halo.scopes.iter().any(|scope| scope.eq_ignore_ascii_case(WEBHOOKS)) => {
            ledger.ok(SCOPE, format!("a token was issued for {WEBHOOKS}"));
        }
        Ok(()) => {
            let finding = Finding::new(SCOPE, State::Fails)
                .saw(format!("a token was issued for {WEBHOOKS}, and halo.scopes does not ask for it"));
            ledger
                .put(finding.fixed_by("write scopes = [\"all:standard\", \"admin:webhooks\"] under [halo]"));
        }
        Err(error) if error.code() == Some("invalid_scope") => {
            let saw = format!("POST /token for {WEBHOOKS}: {}", plainly(&error));
            ledger.put(Finding::new(SCOPE, State::Fails).saw(saw));
        }
        Err(error) => ledger.cannot_tell(SCOPE, format!("POST /token for {WEBHOOKS}: {}", plainly(&error))),
    }
}

/// Judges the webhooks of both sides.
pub(super) async fn judge(inputs: &Inputs, client: &Client, ledger: &mut Ledger) {
    let Some(hooks) = &inputs.webhooks else {
        for code in [MISSING, INACTIVE, DELIVERING] {
            ledger.ok(code, OFF);
        }
        return;
    };
    if ledger.before(MISSING).is_some() {
        return;
    }
    let (mut lines, mut missing, mut inactive, mut unknown) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut halo = None;
    if hooks.halo {
        let url = address(hooks, "halo");
        match ask::get::<Vec<Webhook>>(client, "/Webhook").await {
            Ok(rows) => match rows.into_iter().find(|row| same(&row.url, &url)) {
                Some(row) => {
                    let line = format!("GET /Webhook: {} to {}", row.name, row.url);
                    if row.active == Some(false) {
                        inactive.push(line)
                    } else {
                        lines.push(line)
                    }
                    halo = Some(row.id);
                }
                None => missing.push(format!("GET /Webhook: none to {url}")),
            },
            Err(why) => unknown.push(format!("GET /Webhook: {why}")),
        }
    }
    if hooks.hit
        && let Ok(api) = &inputs.hit.api
    {
        let url = address(hooks, "hit");
        match api.webhooks_page(None).await {
            Ok(page) => match page.rows.into_iter().flatten().find(|row| same(row.url.as_str(), &url)) {
                Some(row) if row.active => lines.push(format!("HumanizeIT, GET /webhooks: one to {url}")),
                Some(_) => inactive.push(format!("HumanizeIT, GET /webhooks: the one to {url} is off")),
                None => missing.push(format!("HumanizeIT, GET /webhooks: none to {url}")),
            },
            Err(error) => unknown.push(format!("HumanizeIT, GET /webhooks: {}", plainly(&error))),
        }
    }
    if !missing.is_empty() {
        ledger.put(Finding::new(MISSING, State::Fails).saw_all(missing).saw_all(lines));
        return;
    }
    if !unknown.is_empty() {
        ledger.put(Finding::new(MISSING, State::CannotTell).saw_all(unknown));
        return;
    }
    ledger.put(Finding::new(MISSING, State::Ok).saw_all(&lines).saw_all(&inactive));
    if !inactive.is_empty() {
        ledger.put(Finding::new(INACTIVE, State::Fails).saw_all(inactive));
        return;
    }
    ledger.put(Finding::new(INACTIVE, State::Ok).saw_all(lines));
    if let Some(id) = halo {
        ledger.put(deliveries(client, &id).await);
    } else {
        ledger.cannot_tell(DELIVERING, "HumanizeIT shows no deliveries");
    }
}

async fn deliveries(client: &Client, id: &str) -> Finding {
    let asked = "GET /WebhookEvent";
    let path = format!(
        "/WebhookEvent?webhook_id={id}&pageinate=true&page_size=10&page_no=1&order=timestamp&orderdesc=true"
    );
    let found = match ask::get::<Value>(client, &path).await {
        Ok(found) => found,
        Err(why) => return Finding::new(DELIVERING, State::CannotTell).saw(format!("{asked}: {why}")),
    };
    let rows = found.get("events").unwrap_or(&found).as_array().map_or(&[][..], Vec::as_slice);
    let status = |row: &Value| row.get("responsestatus").and_then(Value::as_i64);
    let Some(newest) = rows.iter().max_by_key(|row| row.get("timestamp").map(ToString::to_string)) else {
        return Finding::new(DELIVERING, State::CannotTell)
            .saw(format!("{asked}: nothing was delivered yet"));
    };
    let failed = rows.iter().filter(|row| !matches!(status(row), Some(200..=299))).count();
    let last = status(newest);
    let told = last.map_or_else(|| "no answer".to_owned(), |status| format!("status {status}"));
    let saw = format!("{asked}: the newest was answered {told}; {failed} of the last {} failed", rows.len());
    let state = match (last, failed) {
        (Some(200..=299), 0) => State::Ok,
        (Some(200..=299), _) => State::Warning,
        _ => State::Fails,
    };
    Finding::new(DELIVERING, state).saw(saw)
}

fn address(hooks: &Hooks, side: &str) -> String {
    format!("{}/hooks/{side}", hooks.public_url.trim_end_matches('/'))
}

/// The same address; a secret may stand behind it as a query.
fn same(found: &str, ours: &str) -> bool {
    found.split('?').next().unwrap_or_default().trim_end_matches('/').eq_ignore_ascii_case(ours)
}
