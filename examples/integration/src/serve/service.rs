//! The loop: pass after pass, until somebody asks for the end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rest_core::clock::Sleep as _;
use sync_core::ids::Side;

use super::door::Heard;
use super::hooks::{HookState, Hooks};
use super::presence::{self, ServeState};
use super::schedule::{Cause, Schedule};
use super::silence::Silence;
use super::upkeep::count;
use crate::app::{App, Systems};
use crate::cli::clock_time;
use crate::config::Config;
use crate::engine::{Early, Engine, SERVE, Silent, Stop, not_answering};
use crate::exit::{Exit, Failure};
use crate::home;
use crate::render::Out;
use crate::secrets::Secrets;
use crate::storage::{Lease, StoreError};

/// How often to look for a pause, and for deliveries that another process has stored.
const LOOK: Duration = Duration::from_secs(5);

/// The serving process.
pub(super) struct Service {
    pub(super) app: App,
    secrets: Secrets,
    pub(super) hooks: Hooks,
    pub(super) heard: Arc<Heard>,
    pub(super) stop: Stop,
    schedule: Schedule,
    pub(super) silence: Silence,
    /// Both systems, once they were reached.
    connected: Option<(Systems, Engine)>,
    state: ServeState,
    /// The webhooks, once this process has looked at them.
    pub(super) webhooks: BTreeMap<Side, HookState>,
    /// Whether the webhooks are to be looked at with the next pass.
    pub(super) hooks_due: bool,
    paused: bool,
    /// What sort of pass has failed last and not gone well since.
    failing: Option<Cause>,
    /// Whether both systems were ever reached.
    reached: bool,
    /// Whether the configuration has changes that only a start takes over, and that was told.
    later_told: bool,
}

/// What came of a pass.
enum Pass {
    /// Another process works on the database.
    Busy,
    /// The end was asked for.
    Stopped,
    /// It is done; what is worth telling.
    Done(Option<String>),
}

impl Service {
    pub(super) async fn new(
        app: App,
        secrets: Secrets,
        hooks: Hooks,
        heard: Arc<Heard>,
        stop: Stop,
        listens: Option<SocketAddr>,
    ) -> Result<Self, Failure> {
        let now = app.now();
        let before = presence::state(&*app.store).await?.unwrap_or_default();
        let (timing, zone) = (&app.config.timing, app.config.halo.time_zone.clone());
        let schedule = Schedule::new(timing, app.config.webhooks.debounce, zone, before.last_full, now);
        let state = ServeState {
            process: std::process::id(),
            started_at: now,
            listen: listens.map(|address| address.to_string()),
            next_poll: Some(schedule.next_poll()),
            next_full: Some(schedule.next_full()),
            last_full: before.last_full,
            last_poll: before.last_poll,
            ..ServeState::default()
        };
        heard.set_health("starting", None);
        Ok(Self {
            app,
            secrets,
            hooks,
            heard,
            stop,
            schedule,
            silence: Silence::default(),
            connected: None,
            state,
            webhooks: BTreeMap::new(),
            hooks_due: true,
            paused: false,
            failing: None,
            reached: false,
            later_told: false,
        })
    }

    /// Goes on until the end is asked for.
    ///
    /// # Errors
    /// What no later pass could mend.
    pub(super) async fn run(&mut self, out: &mut Out) -> Result<(), Failure> {
        self.greet(out);
        // The first pass may take long, and `status` is to say who serves meanwhile.
        self.note().await;
        while !self.stop.is_requested() {
            let now = self.app.now();
            let paused = self.look(out).await?;
            let due = if paused { None } else { self.schedule.due(now) };
            if let Some(cause) = due {
                self.pass(cause, out).await?;
                continue;
            }
            let ahead = u64::try_from(self.schedule.next().saturating_sub(now)).unwrap_or(0);
            let wait = if paused { LOOK } else { Duration::from_millis(ahead).min(LOOK) };
            tokio::select! {
                () = self.stop.requested() => {}
                () = self.heard.news.notified() => {}
                () = self.app.time.sleep(wait) => {}
            }
        }
        Ok(())
    }

    /// Says goodbye, and notes that this was an end in good order.
    pub(super) async fn end(&mut self, done: &Result<(), Failure>, out: &mut Out) {
        self.state.stopped_at = Some(self.app.now());
        self.state.next_poll = None;
        self.state.next_full = None;
        self.note().await;
        if done.is_ok() {
            let waiting = self.app.store.waiting().await.map_or(0, |waiting| waiting.count);
            let rest = match waiting {
                0 => "nothing waits".to_owned(),
                1 => "1 delivery waits for the next run".to_owned(),
                count => format!("{count} deliveries wait for the next run"),
            };
            self.tell(out, "stopped", &format!("Stopped in good order; {rest}."));
        }
    }

    fn greet(&self, out: &mut Out) {
        let timing = &self.app.config.timing;
        let listens = self.state.listen.as_ref().map_or_else(
            || "without a listener, because webhooks.public_url is not set".to_owned(),
            |address| format!("listens on http://{address}"),
        );
        let text = format!(
            "Serving {}: polls every {} s, {listens}. Next full read {}.",
            self.app.config.halo.tenant_name(),
            timing.poll.as_secs_f64(),
            clock_time(&self.app, self.schedule.next_full())
        );
        self.tell(out, "started", &text);
    }

    /// Looks at what other processes may have done: whether somebody has paused, and whether deliveries wait.
    async fn look(&mut self, out: &mut Out) -> Result<bool, Failure> {
        let looked = async {
            let waiting = self.app.store.waiting().await?;
            Ok::<_, StoreError>((waiting, self.app.store.paused().await?))
        };
        let (waiting, paused) = match looked.await {
            Ok(looked) => looked,
            Err(error) => {
                let failure = Failure::from(error);
                if is_final(&failure, true) {
                    return Err(failure);
                }
                // The pass meets it too, and tells it.
                return Ok(false);
            }
        };
        if waiting.count > 0 {
            self.schedule.told(waiting.since.unwrap_or_else(|| self.app.now()));
        }
        if paused.is_some() != self.paused {
            self.paused = paused.is_some();
            let text = match &paused {
                Some(paused) => format!("Paused ({}). Deliveries are still taken in.", paused.why),
                None => "The pause is over.".to_owned(),
            };
            self.tell(out, "pause", &text);
            self.heard.set_health(if self.paused { "paused" } else { "ok" }, None);
        }
        Ok(self.paused)
    }

    async fn pass(&mut self, cause: Cause, out: &mut Out) -> Result<(), Failure> {
        let went_well_before = self.reached;
        let tried = self.attempt(cause, out).await;
        let now = self.app.now();
        match tried {
            Ok(Pass::Stopped) => return Ok(()),
            Ok(Pass::Busy) => self.schedule.busy(now),
            Ok(Pass::Done(news)) => {
                self.schedule.done(cause, now);
                self.state.last_poll = Some(now);
                self.state.last_cause = Some(cause);
                if cause == Cause::FullRead {
                    self.state.last_full = Some(now);
                }
                // A poll that goes well says nothing of a complete read that does not.
                if self.failing == Some(Cause::FullRead) && cause != Cause::FullRead {
                    self.heard.set_health("failing", Some(now));
                } else {
                    self.failing = None;
                    if self.state.failure.take().is_some() {
                        self.tell(out, "recovered", "It works again.");
                    }
                    self.heard.set_health("ok", Some(now));
                }
                if let Some(news) = news {
                    self.tell(out, cause.word(), &news);
                }
            }
            Err(failure) if is_final(&failure, went_well_before) => return Err(failure),
            Err(failure) => {
                self.schedule.failed(cause, now);
                self.failing = Some(cause);
                self.heard.set_health("failing", None);
                let sentence = failure.to_string();
                if self.state.failure.as_ref() != Some(&sentence) {
                    let causes = failure.causes();
                    let because =
                        if causes.is_empty() { String::new() } else { format!(" ({})", causes.join("; ")) };
                    self.tell(out, "failed", &format!("{sentence}{because} It is tried again."));
                }
                self.state.failure = Some(sentence);
            }
        }
        self.state.next_poll = Some(self.schedule.next_poll());
        self.state.next_full = Some(self.schedule.next_full());
        self.note().await;
        Ok(())
    }

    /// One pass, under the lease. Dropped by nobody: the end is looked for inside.
    async fn attempt(&mut self, cause: Cause, out: &mut Out) -> Result<Pass, Failure> {
        let holder = format!("halo-hit serve, process {}", std::process::id());
        let lease = match self.app.store.lease(&holder, Duration::ZERO).await {
            Ok(lease) => lease,
            Err(StoreError::Locked { .. }) => return Ok(Pass::Busy),
            Err(error) => return Err(error.into()),
        };
        self.take_changes(out)?;
        self.schedule.begins();
        let (systems, engine) = match self.connected.take() {
            Some(connected) => connected,
            None => {
                if let Some(warning) = home::look(&self.app, &lease).await? {
                    self.tell(out, "moved", &warning);
                }
                let Some(systems) = self.stop.unless(self.app.connect(&self.secrets)).await else {
                    return Ok(Pass::Stopped);
                };
                let systems = systems?;
                self.reached = true;
                let engine = Engine::new(&self.app, &systems).with_stop(self.stop.clone());
                (systems, engine)
            }
        };
        let worked = self.work(cause, &lease, &engine, out).await;
        // What was sent counts in Halo's rate window for the next process too.
        let kept = self.app.keep_rate_window(&systems.halo).await;
        if worked.is_ok() && self.hooks_due && !self.stop.is_requested() {
            self.mend_hooks(&systems, out).await;
        }
        let reported = self.report(&lease).await;
        self.connected = Some((systems, engine));
        let worked = worked?;
        kept?;
        reported?;
        Ok(worked)
    }

    /// Takes over what was changed in the configuration since it was read: what was called off there must not go on here.
    /// What the listener and the database were opened with stays until the next start. Under the lease, so that nobody
    /// changes it meanwhile with `settings set`.
    fn take_changes(&mut self, out: &mut Out) -> Result<(), Failure> {
        let (old, now) = (&*self.app.config, self.app.now());
        let new = Config::load(&old.path)?;
        let later = (&new.webhooks, &new.database) != (&old.webhooks, &old.database);
        let later_told = std::mem::replace(&mut self.later_told, later);
        let new = Config { webhooks: old.webhooks.clone(), database: old.database.clone(), ..new };
        if later && !later_told {
            let text = "The configuration was changed in webhooks or the database; restart this process to take that \
                        over.";
            self.tell(out, "configuration", text);
        }
        if new == *self.app.config {
            return Ok(());
        }
        let zone = new.halo.time_zone.clone();
        self.schedule = Schedule::new(&new.timing, new.webhooks.debounce, zone, self.state.last_full, now);
        self.app.config = Arc::new(new);
        // Clients and engine are made of the configuration.
        self.connected = None;
        self.tell(out, "configuration", "The configuration was changed; it holds from now on.");
        Ok(())
    }

    async fn work(
        &mut self,
        cause: Cause,
        lease: &Lease,
        engine: &Engine,
        out: &mut Out,
    ) -> Result<Pass, Failure> {
        self.app.pass_gate().await?;
        self.app.require_gate().await?;
        let Some(view) = self.stop.unless(engine.read(lease, cause.reach())).await else {
            return Ok(Pass::Stopped);
        };
        let view = view?;
        let planned = engine.plan(&view);
        engine.remember(lease, &view, &planned, None).await?;
        self.listen_for_silence(&view, &planned);
        if cause == Cause::FullRead {
            self.hooks_due = true;
        }
        let plan = &planned.plan;
        // A pass with nothing to do is only a run where the gate counts it: a complete read, while it is closed.
        let idle = plan.ops.is_empty() && view.dirty.is_empty();
        if idle && (!view.whole || self.app.gate().await?.0.open) {
            return Ok(Pass::Done(None));
        }
        if plan.writes() {
            engine.require_only_writer().await?;
        }
        let done = engine.carry_out(lease, &view, &planned, None, SERVE, &Silent).await?;
        let succeeded = done.report.ops.iter().filter(|op| op.result.is_success()).count();
        if plan.ops.is_empty() {
            return Ok(Pass::Done(None));
        }
        let waits = plan.conflicts.len() + plan.issues.len();
        let mut text = format!("Run {}: {succeeded} of {} operations done", done.run, plan.ops.len());
        match waits {
            0 => {}
            1 => text.push_str(", one conflict or issue is open"),
            _ => text.push_str(&format!(", {waits} conflicts and issues are open")),
        }
        if let Some(early) = &done.early {
            text.push_str(&format!("; ended early: {early}"));
        }
        text.push('.');
        if let Some(Early::Outage(side)) = done.early {
            self.tell(out, cause.word(), &text);
            return Err(not_answering(side));
        }
        Ok(Pass::Done(Some(text)))
    }

    /// Notes how things are, for `status`. What cannot be noted now is noted after the next pass.
    async fn note(&mut self) {
        let now = self.app.now();
        for (side, state) in &mut self.webhooks {
            count(state, self.heard.counts(*side));
            if let Err(error) = presence::note_hook(&*self.app.store, *side, state, now).await {
                tracing::warn!(%error, "the state of a webhook cannot be noted");
            }
        }
        if let Err(error) = presence::note_state(&*self.app.store, &self.state, now).await {
            tracing::warn!(%error, "the state of the service cannot be noted");
        }
    }

    pub(super) fn tell(&self, out: &mut Out, event: &str, text: &str) {
        out.line(format!("{}  {text}", clock_time(&self.app, self.app.now())));
        out.object(&serde_json::json!({"at": self.app.now(), "event": event, "text": text}));
    }
}

/// What no later pass could mend. What is wrong with the configuration or the credentials ends the process only at the
/// first contact: later it may be somebody's mistake in a system that is put right again.
fn is_final(failure: &Failure, went_well_before: bool) -> bool {
    match failure.exit() {
        Exit::Database => true,
        Exit::Credentials | Exit::Address | Exit::Configuration => !went_well_before,
        _ => matches!(failure.code(), "database_damaged" | "database_row_unreadable" | "internal"),
    }
}
