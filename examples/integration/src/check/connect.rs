//! From two typed addresses to a token: shape, reachability, tenant, credentials, scopes.

use halo_client::{Client, Error, bytes, http};
use rest_core::client::{CallOptions, HttpClient};
use rest_core::retry::RetryPolicy;
use serde::Deserialize;

use super::finding::{Finding, State};
use super::inputs::HaloTarget;
use super::ledger::Ledger;
use super::{hooks, product};

/// What the token endpoint decides, in the order in which it does.
const STAGES: [&str; 7] = [
    "authorisation_server_unreachable",
    "tenant_unknown",
    "credentials_refused",
    "application_inactive",
    "application_method_wrong",
    "agent_inactive",
    "scope_missing",
];
/// The scopes of which some together would do in place of `all:standard`.
const NARROW: [&str; 4] = ["edit:tickets", "edit:projects", "edit:sales", "read:customers"];
const STANDARD: &str = "all:standard";

/// What Halo says of its own addresses.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Discovery {
    pub(super) auth_url: Option<String>,
    pub(super) tenant_id: Option<String>,
}

/// A client that has a token; none where something stands in the way.
pub(super) async fn halo(target: &HaloTarget, ledger: &mut Ledger) -> Option<Client> {
    shapes(target, ledger);
    let discovery = match ledger.fails("resource_server_misplaced_api") {
        true => None,
        false => discover(target, ledger).await,
    };
    if ledger.fails("resource_server_misplaced_api") || ledger.fails("authorisation_server_missing_auth") {
        return None;
    }
    let client = match (target.connect)(&target.scopes) {
        Ok(client) => client,
        Err(error) => {
            ledger.put(Finding::new("credentials_refused", State::Fails).saw(error.message()));
            return None;
        }
    };
    let mut answer = client.authenticate().await;
    let mut client = client;
    if let Err(error) = &answer
        && error.code() == Some("invalid_scope")
        && let Some((narrower, finding)) = hooks::without_scope(target, refusal(target, error)).await
    {
        ledger.put(finding);
        client = narrower;
        answer = Ok(());
    }
    let stage = answer.as_ref().err().map(|error| stage(target, discovery.as_ref(), error));
    let passed = STAGES.iter().take_while(|code| Some(**code) != stage);
    for code in passed {
        ledger.ok(code, passing(target, code));
    }
    if ledger.fails(hooks::SCOPE) {
        ledger.ok("scope_missing", format!("a token was issued without {}", hooks::WEBHOOKS));
    }
    if let (Some(stage), Err(error)) = (stage, &answer) {
        let finding = Finding::new(stage, State::Fails).saw(refusal(target, error));
        let finding = match stage {
            "scope_missing" => scopes(target, finding, ledger).await,
            "tenant_unknown" => tenant(target, discovery.as_ref(), finding),
            "authorisation_server_unreachable" => authorisation(discovery.as_ref(), finding),
            _ => finding,
        };
        ledger.put(finding);
        // Where it differs, that is a part of what failed and stands there.
        if let Some(discovery) = discovery.filter(|found| differences(target, found).is_empty()) {
            agreement(target, Some(discovery), ledger);
        }
        return None;
    }
    enough(target, ledger);
    agreement(target, discovery, ledger);
    // The token is good, and there is nobody to show it to.
    (!ledger.fails("resource_server_unreachable")).then_some(client)
}

/// Judges both addresses by the rules of the client itself, one at a time.
pub(super) fn shapes(target: &HaloTarget, ledger: &mut Ledger) {
    // Told before the token is asked for: the sister products refuse it, and then nobody would learn why.
    for address in [&target.resource_server, &target.authorisation_server] {
        if let Some(product) = product::sister(address) {
            let saw = format!("{address}: a host of {product}");
            ledger.put(Finding::new("wrong_product", State::Fails).saw(saw));
        }
    }
    let built = |resource: &str, authorisation: &str| {
        Client::builder()
            .resource_server(resource)
            .authorisation_server(authorisation)
            .credentials("unused", "unused".to_owned())
            .build()
    };
    let (resource, authorisation) = (&target.resource_server, &target.authorisation_server);
    for (code, typed, result) in [
        ("resource_server_misplaced_api", resource, built(resource, "https://host.invalid/auth")),
        (
            "authorisation_server_missing_auth",
            authorisation,
            built("https://host.invalid/api", authorisation),
        ),
    ] {
        match result {
            Ok(_) => ledger.ok(code, typed),
            Err(error) => {
                let sentence = error.message();
                let mut finding = Finding::new(code, State::Fails).saw(format!("{typed}: {sentence}"));
                if let Some((_, address)) = sentence.split_once("; use ") {
                    let fix = format!("write {address}, if that is what Halo shows; {}", finding.fix);
                    finding = finding.fixed_by(fix);
                }
                ledger.put(finding);
            }
        }
    }
}

/// The question that needs no token. Old instances have no answer to it, which proves nothing.
pub(super) async fn discover(target: &HaloTarget, ledger: &mut Ledger) -> Option<Discovery> {
    const CODE: &str = "resource_server_unreachable";
    let base = target.resource_server.trim().trim_end_matches('/');
    let asked = format!("GET {base}/AuthInfo");
    let answer = match anonymous(base, target).await {
        Ok(body) => body,
        Err(error) if error.status().is_some() && !error.is_redirect() && !error.is_server() => {
            let status = error.status().map_or(0, |status| status.as_u16());
            ledger.cannot_tell(CODE, format!("{asked}: status {status}; this Halo may have no discovery"));
            return None;
        }
        Err(error) => {
            ledger.put(Finding::new(CODE, State::Fails).saw(format!("{asked}: {}", plainly(&error))));
            return None;
        }
    };
    match serde_json::from_slice::<Discovery>(&answer) {
        Ok(discovery) if discovery.auth_url.is_some() => {
            let auth = discovery.auth_url.as_deref().unwrap_or_default();
            ledger.ok(CODE, format!("{asked}: authorisation server {auth}"));
            Some(discovery)
        }
        _ => {
            let saw = format!("{asked}: an answer that is not Halo's");
            ledger.put(Finding::new(CODE, State::Fails).saw(saw));
            None
        }
    }
}

async fn anonymous(base: &str, target: &HaloTarget) -> Result<Vec<u8>, Error> {
    let url = base.parse().map_err(|_| Error::configuration("the resource server is not a URL"))?;
    let client = HttpClient::builder(url)
        .attempt_timeout(target.timeout)
        .retry(RetryPolicy::default().max_retries(1))
        .build()?;
    let request = http::Request::get("/AuthInfo")
        .body(bytes::Bytes::new())
        .map_err(|_| Error::configuration("the resource server is not a URL"))?;
    Ok(client.raw(request, &CallOptions::new()).await?.into_body().to_vec())
}

/// Which of the token endpoint's decisions went against us.
fn stage(target: &HaloTarget, discovery: Option<&Discovery>, error: &Error) -> &'static str {
    let text = format!("{} {}", error.message(), error.body().unwrap_or_default()).to_lowercase();
    let inactive = ["not active", "inactive", "disabled"].iter().any(|word| text.contains(word));
    match error.code().unwrap_or_default() {
        "tenant_unknown" => "tenant_unknown",
        "invalid_scope" => "scope_missing",
        // The words of OAuth, wherever they stand.
        _ if ["unauthorized_client", "unsupported_grant_type"].iter().any(|word| text.contains(word)) => {
            "application_method_wrong"
        }
        // Halo's words here are not documented; where they do not tell, the application's own screen does.
        "invalid_client" if inactive => "application_inactive",
        "invalid_grant" | "access_denied" if inactive || text.contains("agent") => "agent_inactive",
        "invalid_client" | "invalid_grant" | "access_denied" => "credentials_refused",
        // Refused in words that are not OAuth's, by another server than Halo names: that one knows nothing of us.
        _ if error.is_authentication() && !elsewhere(target, discovery) => "credentials_refused",
        // A hosted Halo needs the tenant, and fails without a reason where it does not know it.
        _ if error.status().is_some_and(|status| status.as_u16() == 500)
            && target.tenant.is_none()
            && discovery.is_some_and(|discovery| discovery.tenant_id.is_some()) =>
        {
            "tenant_unknown"
        }
        _ => "authorisation_server_unreachable",
    }
}

/// Whether Halo names another authorisation server than the one that is configured.
fn elsewhere(target: &HaloTarget, discovery: Option<&Discovery>) -> bool {
    let named = discovery.and_then(|discovery| discovery.auth_url.as_deref());
    named.is_some_and(|named| trimmed(named) != trimmed(&target.authorisation_server))
}

/// An address or a tenant as it is compared.
fn trimmed(text: &str) -> String {
    text.trim().trim_end_matches('/').to_lowercase()
}

fn passing(target: &HaloTarget, code: &str) -> String {
    match code {
        "authorisation_server_unreachable" => "the token endpoint answers".to_owned(),
        "tenant_unknown" => match &target.tenant {
            Some(tenant) => format!("the token endpoint knows {tenant}"),
            None => "no tenant is configured, and none is asked for".to_owned(),
        },
        "credentials_refused" => format!("the token endpoint knows the client id {}", target.client_id),
        "application_inactive" => "the token endpoint does not object to the application".to_owned(),
        "application_method_wrong" => "the token endpoint takes the client credentials grant".to_owned(),
        "agent_inactive" => "the token endpoint does not object to the agent".to_owned(),
        _ => format!("a token was issued for {}", target.scopes.join(" ")),
    }
}

fn refusal(target: &HaloTarget, error: &Error) -> String {
    let base = target.authorisation_server.trim().trim_end_matches('/');
    let tenant = target.tenant.as_ref().map_or(String::new(), |tenant| format!("?tenant={tenant}"));
    format!("POST {base}/token{tenant}: {}", plainly(error))
}

/// An error in words, with the innermost cause where there was no answer at all. The same error has the same words, since
/// they lack the id of the request.
pub(crate) fn plainly(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    match error.status() {
        Some(status) => format!("status {}, {}", status.as_u16(), error.message()),
        None if std::ptr::addr_eq(cause, error) => error.message().to_owned(),
        None => format!("{} ({cause})", error.message()),
    }
}

fn tenant(target: &HaloTarget, discovery: Option<&Discovery>, finding: Finding) -> Finding {
    let Some(known) = discovery.and_then(|discovery| discovery.tenant_id.as_deref()) else { return finding };
    if target.tenant.as_deref().is_some_and(|typed| typed.eq_ignore_ascii_case(known)) {
        return finding.saw(format!("GET /AuthInfo names the same tenant, {known}"));
    }
    let fix = format!("set halo.tenant = {known:?}, if that is what Halo shows; {}", finding.fix);
    finding.saw(format!("GET /AuthInfo: this Halo calls its tenant {known}")).fixed_by(fix)
}

fn authorisation(discovery: Option<&Discovery>, finding: Finding) -> Finding {
    match discovery.and_then(|discovery| discovery.auth_url.as_deref()) {
        Some(known) => finding.saw(format!("GET /AuthInfo: this Halo's authorisation server is {known}")),
        None => finding,
    }
}

/// Which of the scopes is the one that Halo refuses.
async fn scopes(target: &HaloTarget, mut finding: Finding, ledger: &mut Ledger) -> Finding {
    let mut single: Vec<&str> = target.scopes.iter().map(String::as_str).collect();
    single.extend([STANDARD].iter().chain(&NARROW));
    let mut granted = Vec::new();
    let mut refused = Vec::new();
    for (place, scope) in single.iter().enumerate() {
        if single[..place].contains(scope) {
            continue;
        }
        let Ok(client) = (target.connect)(&[(*scope).to_owned()]) else { continue };
        match client.authenticate().await {
            Ok(()) => granted.push(*scope),
            Err(error) if error.code() == Some("invalid_scope") => refused.push(*scope),
            Err(_) => {}
        }
    }
    if granted.is_empty() {
        // Nothing proves yet that a token would be given at all.
        ledger.cannot_tell("agent_inactive", "not asked, because scope_missing stands before it");
    } else {
        finding = finding.saw(format!("asked for one at a time, granted: {}", granted.join(" ")));
    }
    if !refused.is_empty() {
        finding = finding.saw(format!("asked for one at a time, refused: {}", refused.join(" ")));
    }
    finding
}

/// Whether the scopes that were granted are those that the sync needs.
fn enough(target: &HaloTarget, ledger: &mut Ledger) {
    let has = |scope: &str| target.scopes.iter().any(|held| held.eq_ignore_ascii_case(scope));
    if has(STANDARD) || has("all") {
        return;
    }
    let missing: Vec<&str> = NARROW
        .into_iter()
        .filter(|scope| {
            !has(scope) && !scope.strip_prefix("read:").is_some_and(|area| has(&format!("edit:{area}")))
        })
        .collect();
    if !missing.is_empty() {
        let finding = Finding::new("scope_missing", State::Fails)
            .saw(format!("a token was issued for {}", target.scopes.join(" ")))
            .saw(format!("not asked for: {}", missing.join(" ")));
        let fix = format!("write scopes = [{STANDARD:?}] under [halo]; {}", finding.fix);
        ledger.put(finding.fixed_by(fix));
    }
}

fn agreement(target: &HaloTarget, discovery: Option<Discovery>, ledger: &mut Ledger) {
    const CODE: &str = "discovery_disagrees";
    let Some(discovery) = discovery else {
        ledger.cannot_tell(CODE, "GET /AuthInfo was not answered with Halo's own addresses");
        return;
    };
    let differs = differences(target, &discovery);
    if differs.is_empty() {
        ledger.ok(CODE, "GET /AuthInfo names the same authorisation server and tenant");
    } else {
        ledger.put(Finding::new(CODE, State::Warning).saw_all(differs));
    }
}

/// Where Halo's own words differ from what is configured.
fn differences(target: &HaloTarget, discovery: &Discovery) -> Vec<String> {
    let mut differs = Vec::new();
    if let Some(known) = &discovery.auth_url
        && trimmed(known) != trimmed(&target.authorisation_server)
    {
        differs.push(format!(
            "authorisation server: Halo says {known}, configured is {}",
            target.authorisation_server
        ));
    }
    if let (Some(known), Some(typed)) = (&discovery.tenant_id, &target.tenant)
        && trimmed(known) != trimmed(typed)
    {
        differs.push(format!("tenant: Halo says {known}, configured is {typed}"));
    }
    differs
}
