//! A sandbox, a folder with a configuration, and the program.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sandbox::net::{self, Outcome};
use sandbox::options::Info;
use sandbox::untrue::Untrue;
use sandbox::world::SeedOptions;
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::configuration;

/// How long the harness itself waits for an answer of the sandbox.
const LIMIT: Duration = Duration::from_secs(20);

/// How often `sync` may run before a desk has to be at rest.
const ROUNDS: usize = 25;

/// Which world, and how large.
#[derive(Debug, Clone)]
pub struct Size {
    /// The world's seed.
    pub seed: u64,
    /// How many of the clients whose items are drawn by plan take part (1 to 3); each has eight items.
    pub clients: usize,
    /// What HIT offers; everything when none.
    pub capabilities: Option<Vec<String>>,
    /// Requests per seconds that each side admits; none: no limit.
    pub rate_limit: Option<(u32, u32)>,
    /// Beliefs about both systems that are false.
    pub untrue: Vec<Untrue>,
}

impl Default for Size {
    fn default() -> Self {
        Self { seed: 1, clients: 1, capabilities: None, rate_limit: None, untrue: Vec::new() }
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// The one object that `--json` printed.
    ///
    /// # Panics
    /// If standard output is something else.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

/// A sandbox, a folder with a configuration, and the program `halo-hit`. Everything is gone when it is dropped.
#[derive(Debug)]
pub struct Desk {
    program: PathBuf,
    folder: tempfile::TempDir,
    sandbox: Sandbox,
    clients: Vec<String>,
}

impl Desk {
    /// Starts a sandbox and writes a configuration for it. `program` is the path of `halo-hit`.
    ///
    /// # Panics
    /// If the sandbox cannot be started.
    pub async fn start(program: impl AsRef<Path>, size: &Size) -> Self {
        let seed =
            SeedOptions { seed: size.seed, clients: 8, tickets: 40, items: 24, rate_limit: size.rate_limit };
        let (hit_capabilities, untrue) = (size.capabilities.clone(), size.untrue.clone());
        let options = Options { seed, hit_capabilities, untrue, ..Options::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut desk = Self { program: program.as_ref().to_owned(), folder, sandbox, clients: Vec::new() };
        for item in desk.items().await {
            let client = item["client_id"].as_str().unwrap().to_owned();
            if !desk.clients.contains(&client) && desk.clients.len() < size.clients {
                desk.clients.push(client);
            }
        }
        desk.write_configuration(&configuration(desk.info(), &desk.clients));
        desk
    }

    /// The HumanizeIT clients that take part.
    #[must_use]
    pub fn clients(&self) -> &[String] {
        &self.clients
    }

    /// Where the sandbox is, and how to get in.
    #[must_use]
    pub fn info(&self) -> &Info {
        self.sandbox.info()
    }

    /// A file of the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration as it stands.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn read_configuration(&self) -> String {
        std::fs::read_to_string(self.path("halo-hit.toml")).unwrap()
    }

    /// Replaces the configuration.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write_configuration(&self, text: &str) {
        std::fs::write(self.path("halo-hit.toml"), text).unwrap();
    }

    /// Replaces the one place where the configuration says `this`.
    ///
    /// # Panics
    /// If it says so nowhere, or more than once.
    pub fn configure(&self, this: &str, that: &str) {
        let text = self.read_configuration();
        assert_eq!(text.matches(this).count(), 1, "{this}\n{text}");
        self.write_configuration(&text.replacen(this, that, 1));
    }

    /// The program with these arguments and the secrets in its environment.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command
            .env("HALO_HIT_HALO_SECRET", &self.info().halo_integration.client_secret)
            .env("HALO_HIT_HIT_KEY", &self.info().hit.api_key)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Ok(log) = std::env::var("HALO_HIT_LOG") {
            command.env("HALO_HIT_LOG", log);
        }
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// If it cannot be started, or ends by a signal.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments)).await
    }

    /// Runs a command with `--json` to its end.
    ///
    /// # Panics
    /// As [`Self::run`], and if it prints something else.
    pub async fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let ended = self.run(&[arguments, &["--json"]].concat()).await;
        (ended.code, ended.json())
    }

    /// Starts a command and kills it (SIGKILL) after a while. Whether it had ended by itself before.
    ///
    /// # Panics
    /// If it cannot be started.
    pub async fn kill_after(&self, arguments: &[&str], after: Duration) -> bool {
        let mut child: Child = self.command(arguments).spawn().unwrap();
        match tokio::time::timeout(after, child.wait()).await {
            Ok(_) => true,
            Err(_) => {
                child.kill().await.unwrap();
                false
            }
        }
    }

    /// Runs `sync` until two runs in a row have written nothing, with the program's own waits in between. Gives
    /// the exit code of the last run.
    ///
    /// # Panics
    /// If that does not come to an end, or a run ends in an unexpected way.
    pub async fn settle(&self) -> i32 {
        let mut quiet = 0;
        let mut last = Ended { code: -1, out: String::new(), err: String::new() };
        for _ in 0..ROUNDS {
            let before = self.writes().await;
            last = self.run(&["sync"]).await;
            assert!([0, 2, 3].contains(&last.code), "{last:?}");
            quiet = if self.writes().await == before { quiet + 1 } else { 0 };
            match quiet {
                0 => {}
                // Longer than the program waits for anything by itself.
                1 => tokio::time::sleep(Duration::from_millis(320)).await,
                _ => return last.code,
            }
        }
        panic!("after {ROUNDS} runs of sync there is still something to write: {}\n{}", last.out, last.err);
    }

    /// Writes of the integration that both servers have seen, references included.
    pub async fn writes(&self) -> u64 {
        let counts = self.counts().await;
        let one = |side: &str| number(&counts[side]["writes"]) + number(&counts[side]["link_backs"]);
        one("halo") + one("hit")
    }

    /// What the servers counted.
    ///
    /// # Panics
    /// If the control port does not answer.
    pub async fn counts(&self) -> Value {
        self.control("GET", "/counts", None).await
    }

    /// Requests that arrived at Halo and at HIT.
    pub async fn requests(&self) -> (u64, u64) {
        let counts = self.counts().await;
        (number(&counts["halo"]["requests"]), number(&counts["hit"]["requests"]))
    }

    /// Nothing twice, nobody's edit lost, nothing deleted, no customer written to.
    ///
    /// # Panics
    /// If the servers say otherwise.
    pub async fn assert_unharmed(&self, when: &str) {
        let counts = self.counts().await;
        let seen = json!([
            counts["halo"]["duplicates"],
            counts["hit"]["duplicates"],
            counts["lost_updates"],
            counts["halo"]["deletes"],
            counts["hit"]["deletes"],
            counts["customer_emails"]
        ]);
        if seen != json!([0, 0, 0, 0, 0, 0]) {
            let audit = self.control("GET", "/audit", None).await;
            panic!("{when}: {counts:#}\n{audit:#}");
        }
    }

    /// People edit.
    ///
    /// # Panics
    /// If one of the edits is impossible.
    pub async fn edit(&self, edits: Value) -> Vec<Value> {
        let done = self.control("POST", "/edits", Some(json!({ "edits": edits }))).await;
        done["results"].as_array().unwrap().iter().map(|result| result["id"].clone()).collect()
    }

    /// Sets the faults.
    ///
    /// # Panics
    /// If there are no such faults.
    pub async fn faults(&self, faults: Value) {
        self.control("PUT", "/faults", Some(faults)).await;
    }

    /// Asks the control port.
    ///
    /// # Panics
    /// If it refuses.
    pub async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.info().control.base_url);
        let answer = send(method, &url, None, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Halo's raw answer to the application with full rights.
    ///
    /// # Panics
    /// If it is no success.
    pub async fn halo(&self, path: &str) -> Value {
        // A token of its own each time: faults make tokens worthless.
        let token = self.fetch_token().await;
        let url = format!("{}{path}", self.info().halo.resource_server);
        let answer = send("GET", &url, Some(&token), None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Posts to Halo as the application with full rights, as an administrator would click.
    ///
    /// # Panics
    /// If it is no success.
    pub async fn halo_post(&self, path: &str, body: Value) {
        let token = self.fetch_token().await;
        let url = format!("{}{path}", self.info().halo.resource_server);
        let answer = send("POST", &url, Some(&token), Some(body)).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
    }

    /// HIT's raw answer.
    ///
    /// # Panics
    /// If it is no success.
    pub async fn hit(&self, path: &str) -> Value {
        let hit = &self.info().hit;
        let answer = send("GET", &format!("{}{path}", hit.base_url), Some(&hit.api_key), None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// All items, as HIT shows them.
    ///
    /// # Panics
    /// If HIT does not answer.
    pub async fn items(&self) -> Vec<Value> {
        let page = self.hit("/roadmap-items?page_size=200&include_archived=true").await;
        assert_eq!(page["next_cursor"], Value::Null, "one page holds them all");
        page["data"].as_array().unwrap().clone()
    }

    async fn fetch_token(&self) -> String {
        let halo = &self.info().halo;
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=all",
            halo.client_id, halo.client_secret
        );
        let url = format!("{}/token", halo.authorisation_server);
        let answer = net::post(&url, "application/x-www-form-urlencoded", &[], &form, LIMIT).await.unwrap();
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {body}")).to_owned()
    }
}

/// Runs a command to its end.
async fn ended(mut command: Command) -> Ended {
    output(command.spawn().unwrap()).await
}

/// Waits for a process to end.
pub(crate) async fn output(child: Child) -> Ended {
    let output = child.wait_with_output().await.unwrap();
    Ended {
        code: output.status.code().expect("ends by itself"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

async fn send(method: &str, url: &str, token: Option<&str>, body: Option<Value>) -> Outcome {
    let mut headers = Vec::new();
    if let Some(token) = token {
        headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    }
    if body.is_some() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    let text = body.as_ref().map(Value::to_string).unwrap_or_default();
    net::request(method, url, &headers, &text, LIMIT)
        .await
        .unwrap_or_else(|why| panic!("{method} {url}: {why}"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}
