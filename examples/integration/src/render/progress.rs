//! Progress: a bar on a terminal, a plain line now and then elsewhere.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Look;

/// Elsewhere than on a terminal, one line per this many hundredths of the whole.
const PLAIN_STEP: u64 = 25;

/// The progress of one piece of work; clones share it.
///
/// It ends with [`done`](Progress::done); dropped before, the bar is wiped.
#[derive(Debug, Clone)]
pub struct Progress {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    bar: Option<ProgressBar>,
    silent: bool,
    /// Columns of the terminal.
    width: usize,
    what: String,
    total: Option<u64>,
    position: AtomicU64,
    told: AtomicU64,
}

impl Progress {
    pub(super) fn new(look: Look, what: &str, total: Option<u64>) -> Self {
        let bar = look.bars.then(|| {
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
            let template =
                if total.is_some() { "{msg:28} [{bar:30}] {pos}/{len}" } else { "{msg:28} {spinner} {pos}" };
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.set_style(style.progress_chars("=> "));
            bar.set_message(what.to_owned());
            bar
        });
        let progress = Progress {
            shared: Arc::new(Shared {
                bar,
                silent: look.json,
                width: look.width,
                what: what.to_owned(),
                total,
                position: AtomicU64::new(0),
                told: AtomicU64::new(0),
            }),
        };
        if total != Some(0) {
            progress.say(&format!("{what} ..."));
        }
        progress
    }

    /// One progress that shows nothing, for callers without a user.
    #[must_use]
    pub fn hidden() -> Self {
        Self::new(Look { json: true, colour: false, width: 80, bars: false }, "", None)
    }

    /// `count` more steps are done.
    pub fn advance(&self, count: u64) {
        let position = self.shared.position.fetch_add(count, Ordering::Relaxed) + count;
        if let Some(bar) = &self.shared.bar {
            bar.inc(count);
        } else if let Some(total) = self.shared.total.filter(|total| *total > 0) {
            let step = position.saturating_mul(100) / total / PLAIN_STEP;
            if step > self.shared.told.fetch_max(step, Ordering::Relaxed) && position < total {
                self.say(&format!("{}: {position} of {total}", self.shared.what));
            }
        }
    }

    /// A remark that stays above the bar.
    pub fn remark(&self, text: &str) {
        match &self.shared.bar {
            Some(bar) => bar.println(super::wrap(text, self.shared.width).join("\n")),
            None => self.say(text),
        }
    }

    /// The work is done: wipes the bar, and leaves `text` behind.
    pub fn done(&self, text: &str) {
        if let Some(bar) = &self.shared.bar {
            bar.finish_and_clear();
        }
        if !self.shared.silent {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    fn say(&self, text: &str) {
        if !self.shared.silent && self.shared.bar.is_none() {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar
            && !bar.is_finished()
        {
            bar.finish_and_clear();
        }
    }
}
