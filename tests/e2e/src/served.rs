//! `halo-hit serve` as a process beside the test.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::sync::mpsc;

use crate::Desk;

/// What proves deliveries here.
pub const HALO_PROOF: &str = "halo-webhook-proof-0001";
/// The same for HumanizeIT.
pub const HIT_PROOF: &str = "hit-webhook-proof-00001";

/// How long the harness waits for something that has to happen.
const LIMIT: Duration = Duration::from_secs(30);

/// A serving process. It is killed when dropped.
#[derive(Debug)]
pub struct Served {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    /// Everything it has said so far.
    pub said: Vec<String>,
}

/// Configures webhooks for a desk, on a port that was free a moment ago; gives their public address.
///
/// # Panics
/// If there is no free port.
pub fn configure_webhooks(desk: &Desk, poll: &str, grace: &str) -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    desk.configure("[timing]\n", &format!("[timing]\npoll = \"{poll}\"\n"));
    desk.configure("tenant = ", "scopes = [\"all:standard\", \"admin:webhooks\"]\ntenant = ");
    let section = format!(
        "[webhooks]\npublic_url = \"http://{free}\"\nlisten = \"{free}\"\ndebounce = \"100ms\"\ngrace = \"{grace}\"\n"
    );
    desk.configure("[scope]\n", &format!("{section}[scope]\n"));
    format!("http://{free}")
}

impl Served {
    /// Starts it and waits for its first line.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(desk: &Desk, arguments: &[&str]) -> Self {
        let mut command = desk.command(&[&["serve"], arguments].concat());
        command
            .env("HALO_HIT_HALO_WEBHOOK_SECRET", HALO_PROOF)
            .env("HALO_HIT_HIT_WEBHOOK_SECRET", HIT_PROOF)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = mpsc::unbounded_channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let other = sender.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(out).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = sender.send(line);
            }
        });
        tokio::spawn(async move {
            let mut lines = BufReader::new(err).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = other.send(line);
            }
        });
        let mut served = Self { child, lines, said: Vec::new() };
        served.says("Serving ").await;
        served
    }

    /// Waits for a line that holds this text; the line.
    ///
    /// # Panics
    /// If it does not come.
    pub async fn says(&mut self, text: &str) -> String {
        if let Some(line) = self.said.iter().find(|line| line.contains(text)) {
            return line.clone();
        }
        loop {
            match tokio::time::timeout(LIMIT, self.lines.recv()).await {
                Ok(Some(line)) => {
                    self.said.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                _ => panic!("it never said {text:?}, but {:#?}", self.said),
            }
        }
    }

    /// Waits until both webhooks work.
    ///
    /// # Panics
    /// If they do not.
    pub async fn hears(&mut self) {
        self.says("Halo's webhook works").await;
        self.says("HumanizeIT's webhook works").await;
    }

    /// Kills it at once (SIGKILL).
    ///
    /// # Panics
    /// If it cannot be killed.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends it a signal by name.
    ///
    /// # Panics
    /// If the system has no `kill`.
    pub async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = tokio::process::Command::new("kill").args(["-s", name, &id]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Waits for its end: the exit code, and everything it said.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn ends(mut self) -> (Option<i32>, Vec<String>) {
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await.expect("ends").unwrap();
        while let Some(line) = self.lines.recv().await {
            self.said.push(line);
        }
        (status.code(), self.said)
    }
}

/// Waits until a condition holds.
///
/// # Panics
/// If it never does.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    // Half a minute in steps of 50 ms.
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}
