//! The signals that ask for an end.

use crate::engine::Stop;

/// The exit code of a process that was interrupted twice: what shells expect of SIGINT.
const INTERRUPTED: i32 = 130;

/// From now on the first SIGINT or SIGTERM asks for the end in good order, and a second one ends the process at once;
/// nothing is lost by that either, because everything that matters is stored before it is needed.
///
/// Call it within a runtime. Where the system offers no such signals, nothing changes.
pub fn listen(stop: &Stop) {
    let stop = stop.clone();
    let Some(mut signals) = Signals::take() else { return };
    tokio::spawn(async move {
        signals.one().await;
        stop.request();
        say("Stopping after the step in hand; a second signal ends at once.");
        signals.one().await;
        std::process::exit(INTERRUPTED);
    });
}

#[allow(clippy::print_stderr, reason = "a signal is answered where the person who sent it looks")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn take() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self(signal(SignalKind::interrupt()).ok()?, signal(SignalKind::terminate()).ok()?))
    }

    async fn one(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn take() -> Option<Self> {
        Some(Self)
    }

    async fn one(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
