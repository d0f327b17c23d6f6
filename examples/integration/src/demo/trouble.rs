//! Step 11: a 429, a lost reply, and a process killed in the middle.

use std::process::{Command, Stdio};
use std::time::Duration;

use rest_core::clock::{Clock, SystemClock};
use serde_json::json;
use sync_core::exec::OpResult;

use super::Story;
use crate::exit::Failure;

/// Between two looks at what a child has done.
const LOOK: Duration = Duration::from_millis(10);
/// How often to look before giving up.
const LOOKS: usize = 1_000;
/// The route of the creates that are disturbed.
const ROUTE: &str = "/Opportunities";

impl Story {
    pub(super) async fn trouble(&mut self) -> Result<(), Failure> {
        self.tell.step("Trouble: 429, a lost reply, kill -9");
        self.throttled().await?;
        self.lost_reply().await?;
        self.killed().await?;
        let counts = self.control.counts().await?;
        self.tell.good(format!(
            "Counted by the servers after all that: {} duplicates, {} lost edits.",
            counts.duplicates(),
            counts.lost_updates
        ));
        Ok(())
    }

    async fn throttled(&mut self) -> Result<(), Failure> {
        let fault =
            json!({"side": "halo", "method": "GET", "path": ROUTE, "fault": "status_429", "retry_after": 1});
        self.control.faults(json!({ "next": [fault] })).await?;
        let clock = SystemClock;
        let began = clock.now();
        let (_, done) = self.desk.sync().await?;
        let took = clock.now().since(began);
        self.tell.item(format!(
            "429 with Retry-After 1 s: waited and asked again; the run took {}.{} s and ended with code {} ({}).",
            took.as_secs(),
            took.subsec_millis() / 100,
            done.exit.number(),
            done.exit.meaning()
        ));
        Ok(())
    }

    async fn lost_reply(&mut self) -> Result<(), Failure> {
        self.plan_items(&["Guest Wi-Fi for the lobby"]).await?;
        let fault = json!({"side": "halo", "method": "POST", "path": ROUTE, "fault": "lost_reply"});
        self.control.faults(json!({ "next": [fault] })).await?;
        let start = self.control.log_end().await?;
        let (_, done) = self.desk.sync().await?;
        let unknown = done.report.ops.iter().filter(|op| op.result == OpResult::Unknown).count();
        let made = self.control.made_since(start).await?.len();
        self.settle().await?;
        let later = self.control.made_since(start).await?.len();
        self.tell.item(format!(
            "Reply to a create lost: {unknown} outcome unknown, {made} ticket made. The next run finds it by its \
             marker and links it: {later} ticket in all."
        ));
        Ok(())
    }

    async fn killed(&mut self) -> Result<(), Failure> {
        self.plan_items(&["Label printers for the dock", "Spare core switch", "Badge readers"]).await?;
        let fault = json!({"side": "halo", "method": "POST", "path": ROUTE, "fault": "slow", "times": 1});
        self.control.faults(json!({"next": [fault], "slow_ms": 700})).await?;
        let start = self.control.log_end().await?;
        let mut child = self.sync_command()?.spawn().map_err(no_child)?;
        let mut looks = 0;
        while self.control.made_since(start).await?.is_empty() {
            looks += 1;
            let over = child.try_wait().map_err(no_child)?.is_some();
            if over || looks > LOOKS {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        // SIGKILL on Unix: the child gets no chance to tidy up.
        let killed = child.kill().is_ok();
        let ended = child.wait().map_err(no_child)?;
        let made = self.control.made_since(start).await?.len();
        let how = if killed && ended.code().is_none() { "killed" } else { "ended" };
        let mut next = self.sync_command()?;
        let second = tokio::task::spawn_blocking(move || next.status());
        let second = second.await.map_err(|error| no_child(error.into()))?.map_err(no_child)?;
        self.settle().await?;
        let all = self.control.made_since(start).await?.len();
        self.tell.item(format!(
            "kill -9: `halo-hit sync` was {how} when Halo had made {made} of 3 tickets, the last unknown to it. The \
             next `sync` ended with code {}: {all} tickets.",
            second.code().map_or("none".to_owned(), |code| code.to_string())
        ));
        Ok(())
    }

    /// The program itself, as somebody would start it.
    fn sync_command(&self) -> Result<Command, Failure> {
        let program = std::env::current_exe().map_err(no_child)?;
        let mut command = Command::new(program);
        command.arg("sync").arg("--config").arg(self.desk.file());
        command.args(["--wait", "5"]).envs(self.desk.environment());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    /// The vCIO plans more items for the first validation client.
    pub(super) async fn plan_items(&mut self, names: &[&str]) -> Result<(), Failure> {
        let client = self.clients.first().cloned().unwrap_or_default();
        let qualified = self.desk.choices.creating("opportunity").unwrap_or_default();
        let edits: Vec<_> = names
            .iter()
            .map(|name| {
                json!({"side": "hit", "create": {"client_id": client, "name": name, "status_id": qualified}})
            })
            .collect();
        self.control.edits(json!(edits)).await.map(drop)
    }
}

fn no_child(error: std::io::Error) -> Failure {
    let way_out = "run the program from a file that may be executed";
    Failure::other("no_child_process", "the program cannot start itself again", way_out).with_source(error)
}
