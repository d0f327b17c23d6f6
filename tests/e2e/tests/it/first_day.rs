//! A new user's first day: from an empty folder and a sandbox of its own process to a validation sync that works.

use std::process::Stdio;

use sandbox::options::Info;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::{PROGRAM, built};

/// What the new user has: a folder, the line that the sandbox printed, and both secrets in the environment.
struct Day {
    folder: tempfile::TempDir,
    info: Info,
    /// Ends with its standard input.
    _sandbox: Child,
}

impl Day {
    async fn begin() -> Self {
        built::build(&["-p", "sandbox"]);
        let mut sandbox = Command::new(built::program("sandbox"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(sandbox.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            info: serde_json::from_str(&line).unwrap(),
            _sandbox: sandbox,
        }
    }

    /// Runs a command with these lines typed through a pipe: the exit code and what was printed.
    async fn run(&self, arguments: &[&str], typed: &[&str]) -> (i32, String) {
        let mut child = Command::new(PROGRAM)
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HALO_HIT_HALO_SECRET", &self.info.halo_integration.client_secret)
            .env("HALO_HIT_HIT_KEY", &self.info.hit.api_key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let text: String = typed.iter().map(|line| format!("{line}\n")).collect();
        // A command that asks nothing may have ended before it is written.
        let _ = input.write_all(text.as_bytes()).await;
        drop(input);
        let output = child.wait_with_output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        for secret in [&self.info.halo_integration.client_secret, &self.info.hit.api_key] {
            assert!(!text.contains(secret.as_str()), "a secret was shown by {arguments:?}");
        }
        (output.status.code().expect("ends by itself"), text)
    }

    /// Lets the configuration ask as often as the sandbox answers; at the cautious default the day would wait minutes.
    fn hasten(&self) {
        let path = self.folder.path().join("halo-hit.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let faster = ["[halo]\n", "[hit]\n"].into_iter().fold(text, |text, table| {
            assert_eq!(text.matches(table).count(), 1, "{text}");
            text.replace(table, &format!("{table}rate_limit = \"500/180\"\n"))
        });
        std::fs::write(&path, faster).unwrap();
    }

    async fn counts(&self) -> Value {
        let url = format!("{}/counts", self.info.control.base_url);
        let limit = std::time::Duration::from_secs(20);
        let answer = sandbox::net::request("GET", &url, &[], "", limit).await.unwrap();
        serde_json::from_str(&answer.body).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_empty_folder_to_a_validation_sync_that_works() {
    let day = Day::begin().await;
    // The README's words: Enter three times, three values of the line, Enter for the rest, one client.
    let mut typed = vec!["", "an address too early", "", "", &*day.info.halo.resource_server, "", ""];
    typed.extend([&*day.info.halo_integration.client_id, &*day.info.hit.base_url]);
    typed.extend([""; 16]);
    typed.extend(["cl_1", ""]);
    let (code, text) = day.run(&["setup"], &typed).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(text.matches("Only Enter is awaited here.").count(), 1, "{text}");
    assert!(text.contains("halo-hit plan: what a sync would do"), "{text}");
    let files: Vec<_> =
        std::fs::read_dir(day.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["halo-hit.toml"], "nothing of the conversation is left");
    day.hasten();

    let (code, text) = day.run(&["check"], &[]).await;
    assert_eq!(code, 0, "{text}");
    let (code, text) = day.run(&["plan"], &[]).await;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("Next: halo-hit pair, halo-hit issues, halo-hit sync\n"), "{text}");
    let counts = day.counts().await;
    assert_eq!(
        (&counts["halo"]["writes"], &counts["hit"]["writes"]),
        (&json!(0), &json!(0)),
        "only looked so far"
    );

    let (code, text) = day.run(&["pair"], &[]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("halo-hit pair all link accepts"), "{text}");
    assert!(text.contains("halo-hit pair it_106 link 1007."), "{text}");
    // As the screen says it.
    assert_eq!(day.run(&["pair", "all", "link"], &[]).await.0, 0);
    assert_eq!(day.run(&["pair", "it_106", "link", "1007"], &[]).await.0, 0);

    let (code, text) = day.run(&["sync"], &[]).await;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("Next: halo-hit gate, halo-hit history\n"), "{text}");
    let (code, text) = day.run(&["sync"], &[]).await;
    assert_eq!(code, 3, "values that differed before the link wait for a person: {text}");
    assert!(text.contains("Next: halo-hit issues\n"), "{text}");
    let (_, listed) = day.run(&["issues", "--json"], &[]).await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let conflicts = listed["data"]["conflicts"].as_array().unwrap();
    assert!(!conflicts.is_empty(), "{listed:#}");
    for conflict in conflicts {
        let id = conflict["ways"][0]["command"].as_str().unwrap().split(' ').nth(3).unwrap();
        assert_eq!(day.run(&["issues", "resolve", id, "--keep", "halo"], &[]).await.0, 0);
    }
    let mut last = (-1, String::new());
    for _ in 0..6 {
        last = day.run(&["sync"], &[]).await;
        if last.0 == 0 {
            break;
        }
    }
    assert_eq!(last.0, 0, "{}", last.1);

    let (code, text) = day.run(&["status"], &[]).await;
    assert_eq!(code, 0, "{text}");
    for line in
        ["Scope               1 validation client", "Links               8", "Conflicts           none"]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    let (code, text) = day.run(&["gate"], &[]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("done  pairing") && text.contains("done  run"), "{text}");
    let before = day.counts().await;
    let (code, text) = day.run(&["gate", "compare", "--json"], &[]).await;
    let compared: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(compared["data"]["pairs"].as_array().unwrap().len(), 8, "{text}");
    assert_eq!(compared["data"]["unread"], 0, "{text}");
    let differ = compared["data"]["differ"].as_u64().unwrap();
    assert_eq!(code, if differ == 0 { 0 } else { 3 }, "{text}");
    assert!(compared["data"]["agree"].as_u64().unwrap() > 20, "{text}");
    let after = day.counts().await;
    for side in ["halo", "hit"] {
        assert_eq!(
            (&before[side]["writes"], &before[side]["link_backs"]),
            (&after[side]["writes"], &after[side]["link_backs"])
        );
    }
    let counts = day.counts().await;
    assert_eq!(counts["halo"]["creates"], 4, "{counts}");
    let harm = ["lost_updates", "customer_emails"].map(|name| counts[name].as_u64());
    assert_eq!((harm, &counts["halo"]["duplicates"]), ([Some(0), Some(0)], &json!(0)), "{counts}");
}
