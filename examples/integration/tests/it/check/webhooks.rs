//! Webhooks: nothing is asked without a public address; with one, each thing that can be wrong is found.

use halo_hit::check::{self, Inputs, State};
use sandbox::world::{Key, Row};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use super::{codes, configuration, inputs, set_broken, start, trouble};

const URL: &str = "http://127.0.0.1:9/sync";

fn hooked(sandbox: &Sandbox, scopes: &str) -> Inputs {
    let configuration = configuration(sandbox).replacen(
        "currency = \"USD\"",
        &format!("currency = \"USD\"\nscopes = [{scopes}]"),
        1,
    );
    inputs(sandbox, &format!("{configuration}\n[webhooks]\npublic_url = \"{URL}\"\n"))
}

const BOTH: &str = "\"all:standard\", \"admin:webhooks\"";

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

/// Registers both webhooks, as `serve` does.
fn register(sandbox: &Sandbox, active: bool) {
    let mut world = sandbox.world().lock();
    let hook = row(
        json!({"id": "hook-1", "name": "halo-hit", "url": format!("{URL}/hooks/halo"), "active": active}),
    );
    world.halo.root_mut("webhook").put(Key::Text("hook-1".into()), hook);
    let hook = row(
        json!({"id": "wh_1", "url": format!("{URL}/hooks/hit"), "active": true, "events": ["client.updated"],
        "created_at": "2024-01-01T00:00:00Z"}),
    );
    world.hit.webhooks.insert("wh_1".into(), hook);
}

fn delivered(sandbox: &Sandbox, status: i64) {
    let event = row(
        json!({"id": "event-1", "webhook_id": "hook-1", "timestamp": "2024-01-01T00:00:00", "responsestatus": status}),
    );
    sandbox.world().lock().halo.root_mut("webhookevent").put(Key::Text("event-1".into()), event);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_can_be_wrong_with_webhooks() {
    let sandbox = start(Options::default()).await;
    let of = |scopes: &'static str| {
        let inputs = hooked(&sandbox, scopes);
        async move { check::run(&inputs).await }
    };
    let fails = |report: &check::Report, code: &str| {
        assert_eq!(codes(report, State::Fails), [code], "{}", trouble(report));
    };
    fails(&of("\"all:standard\"").await, "webhook_scope_missing");
    set_broken(&sandbox, &["webhook_scope_missing"]).await;
    fails(&of("\"all:standard\"").await, "webhook_scope_missing");
    set_broken(&sandbox, &[]).await;

    fails(&of(BOTH).await, "webhook_missing");
    register(&sandbox, false);
    fails(&of(BOTH).await, "webhook_inactive");
    register(&sandbox, true);
    let report = of(BOTH).await;
    assert_eq!(codes(&report, State::Fails), [] as [&str; 0], "{}", trouble(&report));
    assert_eq!(report.get("webhook_not_delivering").unwrap().state, State::CannotTell);
    delivered(&sandbox, 502);
    fails(&of(BOTH).await, "webhook_not_delivering");
    delivered(&sandbox, 200);
    let report = of(BOTH).await;
    for code in ["webhook_scope_missing", "webhook_missing", "webhook_inactive", "webhook_not_delivering"] {
        assert_eq!(report.get(code).unwrap().state, State::Ok, "{}", trouble(&report));
    }
}
