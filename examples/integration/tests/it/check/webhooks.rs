//! Webhooks: nothing is asked without a public address; with one, each thing that can be wrong is found.

use halo_hit::check::{self, Inputs, State};
use sandbox::breakage::Code;
use sandbox::world::{Key, Row};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::breakage::BY_WRITING;
use super::shown::{HOOKS, alone, wrong};
use super::{codes, configuration, control, inputs, set_broken, start, trouble};

const URL: &str = "http://127.0.0.1:9/sync";

fn hooked(sandbox: &Sandbox, url: &str, scopes: &str) -> Inputs {
    let configuration = configuration(sandbox).replacen(
        "currency = \"USD\"",
        &format!("currency = \"USD\"\nscopes = [{scopes}]"),
        1,
    );
    inputs(sandbox, &format!("{configuration}\n[webhooks]\npublic_url = \"{url}\"\n"))
}

const BOTH: &str = "\"all:standard\", \"admin:webhooks\"";

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

/// Registers both webhooks, as `serve` does.
fn register(sandbox: &Sandbox, url: &str, active: bool) {
    let mut world = sandbox.world().lock();
    let hook = row(
        json!({"id": "hook-1", "name": "halo-hit", "url": format!("{url}/hooks/halo"), "active": active}),
    );
    world.halo.root_mut("webhook").put(Key::Text("hook-1".into()), hook);
    let hook = row(
        json!({"id": "wh_1", "url": format!("{url}/hooks/hit"), "active": true, "events": ["client.updated"],
        "created_at": "2024-01-01T00:00:00Z"}),
    );
    world.hit.webhooks.insert("wh_1".into(), hook);
}

/// A person changes a ticket, and Halo's delivery about it comes back.
async fn deliver(sandbox: &Sandbox) {
    let before = events(sandbox);
    let subscribed = row(json!({"id": 1, "eventno": 61, "webhook_id": "hook-1"}));
    sandbox.world().lock().halo.root_mut("notification").put(Key::Int(1), subscribed);
    let project = {
        let world = sandbox.world().lock();
        let found = world.halo.tickets.iter().map(|(_, row)| row).find(|row| row["tickettype_id"] == 31);
        found.unwrap()["id"].clone()
    };
    let edit = json!({"edits": [{"side": "halo", "ticket_id": project, "set": {"summary": format!("Edit {before}")}}]});
    control(sandbox, "POST", "/edits", &edit.to_string()).await;
    for _ in 0..200 {
        if events(sandbox) > before {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nothing was delivered");
}

fn events(sandbox: &Sandbox) -> usize {
    sandbox.world().lock().halo.root("webhookevent").map_or(0, |store| store.iter().count())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_can_be_wrong_with_webhooks() {
    let sandbox = start(Options::default()).await;
    let of = |scopes: &'static str| {
        let inputs = hooked(&sandbox, URL, scopes);
        async move { check::run(&inputs).await }
    };
    let fails = |report: &check::Report, code: &str| {
        assert_eq!(codes(report, State::Fails), [code], "{}", trouble(report));
    };
    fails(&of("\"all:standard\"").await, "webhook_scope_missing");
    fails(&of(BOTH).await, "webhook_missing");
    register(&sandbox, URL, false);
    fails(&of(BOTH).await, "webhook_inactive");
    register(&sandbox, URL, true);
    let report = of(BOTH).await;
    assert_eq!(codes(&report, State::Fails), [] as [&str; 0], "{}", trouble(&report));
    assert_eq!(report.get("webhook_not_delivering").unwrap().state, State::CannotTell);
}

/// Something that takes whatever is delivered.
async fn listener() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sync", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut taken = vec![0; 64 * 1024];
            let _ = stream.read(&mut taken).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_webhooks_is_found_and_nothing_else() {
    for code in HOOKS {
        let name = code.name();
        let sandbox = start(Options::default()).await;
        let url = listener().await;
        let inputs = hooked(&sandbox, &url, BOTH);
        register(&sandbox, &url, true);
        deliver(&sandbox).await;
        let report = check::run(&inputs).await;
        assert_eq!(wrong(&report), [] as [&str; 0], "{name}: {}", trouble(&report));
        assert_eq!(codes(&report, State::CannotTell), BY_WRITING, "{name}: {}", trouble(&report));
        set_broken(&sandbox, &[name]).await;
        if code == Code::WebhookNotDelivering {
            deliver(&sandbox).await;
        }
        let bad = alone(&check::run(&inputs).await, name, code.finding(), &BY_WRITING);
        assert!(bad.is_empty(), "{}", bad.join("\n"));
        set_broken(&sandbox, &[]).await;
        let report = check::run(&inputs).await;
        if code == Code::WebhookNotDelivering {
            // The refused one is told for as long as it is among the last.
            deliver(&sandbox).await;
            let report = check::run(&inputs).await;
            assert_eq!(codes(&report, State::Warning), [name], "{}", trouble(&report));
        } else {
            assert_eq!(wrong(&report), [] as [&str; 0], "{name}: {}", trouble(&report));
        }
    }
}
