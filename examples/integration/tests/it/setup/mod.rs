//! The conversation against a sandbox, from the first line to a configuration that works.

mod answers;
mod transcript;

use std::io::{self, Cursor, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use halo_hit::config::Config;
use halo_hit::exit::{Exit, Failure};
use halo_hit::render::{Look, Out};
use halo_hit::secrets::Sources;
use halo_hit::setup::{Input, SetupArgs, run};
use sandbox::world::SeedOptions;
use sandbox::{Options, Sandbox};

/// A small world without a rate limit.
async fn start() -> Sandbox {
    start_with(Options::default()).await
}

async fn start_with(options: Options) -> Sandbox {
    let seed =
        SeedOptions { clients: 12, tickets: 80, items: 30, rate_limit: None, ..SeedOptions::default() };
    Sandbox::start(Options { seed, ..options }).await.unwrap()
}

/// What was printed.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A conversation that has ended.
struct Held {
    end: Result<Exit, Failure>,
    transcript: String,
}

/// A folder and a sandbox to hold conversations with.
struct Room {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Room {
    async fn new() -> Self {
        Self::with(start().await)
    }

    fn with(sandbox: Sandbox) -> Self {
        Room { sandbox, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self) -> String {
        std::fs::read_to_string(self.path("halo-hit.toml")).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn config(&self) -> Config {
        Config::parse(Path::new("halo-hit.toml"), &self.file()).unwrap()
    }

    fn resource_server(&self) -> &str {
        &self.sandbox.info().halo.resource_server
    }

    /// Both secrets where programs look for them.
    fn secrets(&self) -> Sources {
        let info = self.sandbox.info();
        Sources::default()
            .with("HALO_HIT_HALO_SECRET", &info.halo_integration.client_secret)
            .with("HALO_HIT_HIT_KEY", &info.hit.api_key)
    }

    /// Holds a conversation in which these lines are typed.
    async fn talk(&self, lines: &[&str], sources: Sources) -> Held {
        let typed = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        self.hold(&SetupArgs::default(), Input::Lines(Box::new(Cursor::new(typed))), sources, false).await
    }

    /// Answers from a file with this text.
    async fn answer(&self, text: &str, json: bool) -> Held {
        let path = self.path("answers.toml");
        std::fs::write(&path, text).unwrap();
        let args = SetupArgs { answers: Some(path) };
        self.hold(&args, Input::Nobody, self.secrets(), json).await
    }

    async fn hold(&self, args: &SetupArgs, input: Input, sources: Sources, json: bool) -> Held {
        let kept = Kept::default();
        let look = Look { json, ..Look::plain(80) };
        let mut out = Out::new(look, kept.clone(), kept.clone());
        let end = run(args, &self.path("halo-hit.toml"), sources, input, &mut out).await;
        let transcript = self.anonymous(&kept.text());
        let info = self.sandbox.info();
        for secret in [&info.halo_integration.client_secret, &info.hit.api_key] {
            assert!(!transcript.contains(secret.as_str()), "a secret was shown");
        }
        for name in self.names().iter().filter(|name| *name != "answers.toml") {
            let text = std::fs::read(self.path(name)).unwrap();
            let text = String::from_utf8_lossy(&text);
            for secret in [&info.halo_integration.client_secret, &info.hit.api_key] {
                assert!(!text.contains(secret.as_str()), "a secret stands in {name}");
            }
        }
        Held { end, transcript }
    }

    /// A text without what differs from run to run.
    fn anonymous(&self, text: &str) -> String {
        let info = self.sandbox.info();
        let origin = |url: &str| url.split('/').take(3).collect::<Vec<_>>().join("/");
        let folder = format!("{}/", self.folder.path().display());
        let lines = text.lines().filter(|line| !line.starts_with("  Each of them with --config "));
        let text = lines.map(|line| format!("{line}\n")).collect::<String>();
        text.replace(&origin(&info.halo.resource_server), "https://halo.example")
            .replace(&origin(&info.hit.base_url), "https://hit.example")
            .replace(&folder, "")
    }

    /// Asks the control port, or HumanizeIT with its key.
    async fn send(&self, method: &str, url: &str, body: serde_json::Value) {
        let headers = [
            ("content-type".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {}", self.sandbox.info().hit.api_key)),
        ];
        let answer =
            sandbox::net::request(method, url, &headers, &body.to_string(), Duration::from_secs(5)).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Nothing was written to either system.
    async fn assert_untouched(&self) {
        let url = format!("{}/counts", self.sandbox.info().control.base_url);
        let answer = sandbox::net::request("GET", &url, &[], "", Duration::from_secs(5)).await.unwrap();
        let counts: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        for side in ["halo", "hit"] {
            assert_eq!(
                (&counts[side]["writes"], &counts[side]["link_backs"]),
                (&0.into(), &0.into()),
                "{side}"
            );
        }
    }
}
