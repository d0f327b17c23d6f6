//! The command as a user runs it.

use sandbox::breakage::Code;
use sandbox::{Options, Sandbox};

use super::{configuration, start};
use crate::program::{Desk, Ended};

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
