//! Looking after the webhooks: made, mended, listened to for silence, and reported.

use std::sync::atomic::Ordering;

use sync_core::decision::Subject;
use sync_core::hash::Hash128;
use sync_core::ids::Side;

use super::door::Counts;
use super::hooks::{HookState, Phase};
use super::schedule::millis;
use super::service::Service;
use super::silence;
use crate::app::Systems;
use crate::engine::{Planned, View};
use crate::exit::Failure;
use crate::render::Out;
use crate::storage::{Change, Lease, NewIssue};

const SIDES: [Side; 2] = [Side::Halo, Side::Hit];
/// The codes of issues about webhooks.
const SILENT: &str = "webhook_silent";
const NOT_WORKING: &str = "webhook_not_working";

impl Service {
    pub(super) fn listen_for_silence(&mut self, view: &View, planned: &Planned) {
        let (now, grace) = (self.app.now(), millis(self.app.config.webhooks.grace));
        self.silence.heard(&view.told, now);
        self.silence.found(silence::changed(&planned.plan), grace, now);
        for side in SIDES {
            if self.webhooks.get(&side).is_none_or(|state| !state.is_working()) {
                self.silence.forget(side);
            }
        }
        let missed = self.silence.overdue(grace, now).clone();
        for (side, state) in self.webhooks.iter_mut().filter(|(_, state)| state.is_working()) {
            match missed.get(side) {
                Some(count) => {
                    // It may have been changed by hand: it is mended before it is believed again.
                    self.hooks_due |= state.phase == Phase::Ready;
                    state.phase = Phase::Silent;
                    state.detail = format!("told nothing of {count} changes that polls have found");
                }
                None if state.phase == Phase::Silent => {
                    state.phase = Phase::Ready;
                    state.detail.clear();
                }
                None => {}
            }
        }
    }

    /// Makes or mends the webhooks. One that cannot be made is tried again with the next pass.
    pub(super) async fn mend_hooks(&mut self, systems: &Systems, out: &mut Out) {
        self.hooks_due = false;
        for side in SIDES {
            let Some(mut state) =
                self.stop.clone().unless(self.hooks.ensure(side, &self.app, systems, &self.heard)).await
            else {
                return;
            };
            state.checked_at = self.app.now();
            let before = self.webhooks.get(&side);
            // Mending does not prove that it is heard again: only a delivery does.
            if let Some(before) = before
                && before.phase == Phase::Silent
                && state.phase == Phase::Ready
            {
                state.phase = Phase::Silent;
                state.detail.clone_from(&before.detail);
            }
            self.hooks_due |= matches!(state.phase, Phase::Unreachable | Phase::Refused);
            if before.is_none_or(|before| (before.phase, &before.detail) != (state.phase, &state.detail))
                && self.hooks.wants(side)
            {
                self.tell(out, "webhook", &sentence(side, &state));
            }
            self.webhooks.insert(side, state);
        }
    }

    /// Opens and closes the issues about webhooks.
    pub(super) async fn report(&self, lease: &Lease) -> Result<(), Failure> {
        let known = self.app.store.issues().await?;
        let mut changes = Vec::new();
        for (side, state) in &self.webhooks {
            for code in [SILENT, NOT_WORKING] {
                let id = Hash128::of(format!("{code}/{}", side.code()).as_bytes());
                let open = match state.phase {
                    Phase::Silent => code == SILENT,
                    Phase::Unreachable | Phase::Refused => code == NOT_WORKING,
                    Phase::Off | Phase::Ready => false,
                };
                let before = known.iter().find(|issue| issue.id == id);
                let text = sentence(*side, state);
                if open && before.is_none_or(|issue| issue.sentence != text) {
                    changes.push(Change::OpenIssue(Box::new(NewIssue {
                        id,
                        code: code.to_owned(),
                        subject: Subject::default(),
                        sentence: text,
                        blocks_gate: false,
                    })));
                } else if !open && before.is_some() {
                    changes.push(Change::CloseIssue(id));
                }
            }
        }
        if !changes.is_empty() {
            self.app.store.commit(lease, &changes, self.app.now()).await?;
        }
        Ok(())
    }
}

pub(super) fn count(state: &mut HookState, counts: &Counts) {
    let of = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    state.accepted = of(&counts.accepted);
    state.repeated = of(&counts.repeated);
    state.forged = of(&counts.forged);
    state.unreadable = of(&counts.unreadable);
    state.turned_away = of(&counts.turned_away);
    state.last_delivery = i64::try_from(of(&counts.last)).ok().filter(|at| *at > 0).or(state.last_delivery);
}

fn sentence(side: Side, state: &HookState) -> String {
    let name = match side {
        Side::Halo => "Halo's webhook",
        Side::Hit => "HumanizeIT's webhook",
    };
    match state.phase {
        Phase::Off if state.detail.is_empty() => format!("{name} is off."),
        Phase::Off => format!("{name} is off: {}.", state.detail),
        Phase::Ready => format!("{name} works: a test delivery came through."),
        Phase::Unreachable => {
            format!(
                "{name} is not used, because a test delivery did not come through: {}. Polling goes on.",
                state.detail
            )
        }
        Phase::Refused => format!("{name} cannot be registered: {}. Polling goes on.", state.detail),
        Phase::Silent => format!(
            "{name} {}. It was looked over; see its deliveries in the system that sends, and the proxy in front. \
             Polling goes on, and this ends with the next delivery.",
            state.detail
        ),
    }
}
