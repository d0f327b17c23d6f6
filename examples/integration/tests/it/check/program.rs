//! The command as a user runs it.

use halo_hit::storage::{Identity, SqliteStore, Store, UnixMs};
use sandbox::breakage::Code;
use sandbox::{Options, Sandbox};

use super::{configuration, start};
use crate::program::{Desk, Ended};

const NOW: UnixMs = 1_700_000_000_000;

async fn run(sandbox: &Sandbox, desk: &Desk, arguments: &[&str]) -> Ended {
    let info = sandbox.info();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_halo-hit"));
    command
        .args(arguments)
        .current_dir(desk.path("."))
        .env("HALO_HIT_HALO_SECRET", &info.halo_integration.client_secret)
        .env("HALO_HIT_HIT_KEY", &info.hit.api_key);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_and_changes_nothing() {
    let sandbox = start(Options { breaks: vec![Code::AgentNotInTeam], ..Options::default() }).await;
    let desk = Desk::with(&configuration(&sandbox));
    let text = run(&sandbox, &desk, &["check"]).await;
    assert_eq!(text.code, 3, "{}", text.err);
    assert!(
        text.out.contains("fails        The agent is not in all teams") && text.err.is_empty(),
        "{}",
        text.out
    );

    let json = run(&sandbox, &desk, &["check", "--json"]).await;
    let value: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, value["exit"].as_i64(), value["command"].as_str()), (3, Some(3), Some("check")));
    assert_eq!(value["data"]["summary"]["fails"], 1);

    let markdown = run(&sandbox, &desk, &["check", "--markdown"]).await;
    assert!(markdown.out.starts_with("# halo-hit check\n"), "{}", markdown.out);

    // One finding has its own exit code.
    let one = run(&sandbox, &desk, &["check", "excess_right"]).await;
    assert_eq!(one.code, 0);
    assert!(one.out.contains("if not") && one.out.contains("excess_right"), "{}", one.out);
    let one = run(&sandbox, &desk, &["check", "agent_not_in_team", "--json"]).await;
    let value: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!((one.code, value["data"]["state"].as_str()), (3, Some("fails")));

    let odd = run(&sandbox, &desk, &["check", "agent_on_holiday"]).await;
    assert_eq!(odd.code, 64);
    assert!(odd.err.contains("agent_not_in_team"), "{}", odd.err);
    assert_eq!(desk.files(), ["halo-hit.toml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_the_database_count_and_those_of_another_tenant_do_not() {
    let sandbox = start(Options::default()).await;
    let right = configuration(&sandbox);
    // A client that only a person can link.
    let stranger = right.replace("[\"cl_1\"]", "[\"cl_9001\"]");
    let desk = Desk::with(&stranger);
    assert_eq!(run(&sandbox, &desk, &["check", "client_unmatched"]).await.code, 3);
    let linked = run(&sandbox, &desk, &["pair", "cl_9001", "link", "12", "--client"]).await;
    assert!(matches!(linked.code, 0 | 2), "{} {}", linked.out, linked.err);
    let report = run(&sandbox, &desk, &["check", "client_unmatched"]).await;
    assert_eq!(report.code, 0, "{} {}", report.out, report.err);

    let store = SqliteStore::open(&desk.path("halo-hit.db"), NOW).await.unwrap();
    let owner = Identity { halo: sandbox.info().halo.tenant.clone(), hit: None };
    store.claim(&owner, NOW).await.unwrap();
    drop(store);
    let tenant = format!("tenant = {:?}", sandbox.info().halo.tenant);
    std::fs::write(desk.path("halo-hit.toml"), stranger.replace(&tenant, "tenant = \"mistyped\"")).unwrap();
    let report = run(&sandbox, &desk, &["check"]).await;
    assert_eq!(report.code, 11);
    assert!(
        report.out.contains("tenant_unknown") && report.err.contains("not to \"mistyped\""),
        "{}\n{}",
        report.out,
        report.err
    );
    std::fs::write(desk.path("halo-hit.toml"), &stranger).unwrap();
    assert_eq!(run(&sandbox, &desk, &["check"]).await.code, 0, "nothing was claimed for the mistyped tenant");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probe_ticket_is_nobody_elses_business() {
    let sandbox = start(Options::default()).await;
    // Even with import on, which takes any open ticket that is not too old.
    let import =
        "\n[sync.import]\nenabled = true\ncreated_after = \"2000-01-01\"\nproject_status = \"st_approved\"\n";
    let desk = Desk::with(&(configuration(&sandbox) + import));
    let before = run(&sandbox, &desk, &["plan", "--full", "--json"]).await;
    let asked = run(&sandbox, &desk, &["check", "--probe-writes"]).await;
    assert!(asked.err.contains("nothing was written") && asked.err.contains("--yes"), "{}", asked.err);
    let probed = run(&sandbox, &desk, &["check", "--probe-writes", "--yes", "--json"]).await;
    assert!(probed.out.contains("just made with it, was found"), "{}", probed.out);
    let after = run(&sandbox, &desk, &["plan", "--full", "--json"]).await;
    let summary = |ended: &Ended| {
        let value: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        value["data"]["counts"].clone()
    };
    assert!(!summary(&before).is_null(), "{}", before.out);
    assert_eq!(summary(&before), summary(&after));
    // The same ticket under another name and without its marks is somebody's, to whoever has not seen them.
    {
        let mut world = sandbox.world().lock();
        let probe = world
            .halo
            .tickets
            .iter_mut()
            .map(|(_, row)| row)
            .find(|row| row.get("client_reference").is_some_and(|reference| reference == "HS-PROBE"));
        let probe = probe.unwrap();
        probe.insert("summary".into(), "Something else".into());
        probe.insert("client_reference".into(), "".into());
        for (_, link) in world.halo.root_mut("externallink").iter_mut() {
            link.insert("third_party_type".into(), "other".into());
        }
    }
    let fresh = Desk::with(&(configuration(&sandbox) + import));
    let other = run(&sandbox, &fresh, &["plan", "--full", "--json"]).await;
    assert_ne!(summary(&other), summary(&after));
    for text in [&after.out, &run(&sandbox, &desk, &["pair", "--json"]).await.out] {
        assert!(!text.contains("probe ticket"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_window_of_the_database_is_shared() {
    let sandbox = start(Options::default()).await;
    let configuration =
        configuration(&sandbox).replacen("rate_limit = \"1000/1\"", "rate_limit = \"1000/600\"", 1);
    let desk = Desk::with(&configuration);
    let store = SqliteStore::open(&desk.path("halo-hit.db"), NOW).await.unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    // Seven requests of another process.
    store.keep_rate_window(&serde_json::to_string(&vec![now; 7]).unwrap()).await.unwrap();
    assert_eq!(run(&sandbox, &desk, &["check"]).await.code, 0);
    let kept: Vec<u64> = serde_json::from_str(&store.rate_window().await.unwrap().unwrap()).unwrap();
    let requests = sandbox.world().lock().halo_counts.requests;
    // The two at the start that need no token are not counted by the server's rate either.
    assert!(kept.len() as u64 >= requests + 7 - 1, "{} kept, {requests} arrived", kept.len());
}
