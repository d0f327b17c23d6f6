//! Decides what happens at each step, and remembers what could have happened.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Small, seeded and good enough to pick faults (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True in `per_mille` of a thousand cases.
    pub(crate) fn hits(&mut self, per_mille: u64) -> bool {
        self.next() % 1000 < per_mille
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n as u64)).expect("below usize")
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// These positions take these options, all others the first.
    Script(BTreeMap<usize, usize>),
    /// In so many of a thousand steps something else than the first option.
    Random { rng: Rng, per_mille: u64 },
}

/// Decides at every step. The first option is always that nothing special happens.
#[derive(Clone, Debug)]
pub(crate) struct Chooser {
    pub(crate) mode: Mode,
    /// Number of options at every position so far.
    pub(crate) options: Vec<usize>,
    /// What was chosen where it was not the first option.
    pub(crate) special: Vec<String>,
    /// Everything, for the report of a failure.
    pub(crate) trace: Vec<String>,
    pub(crate) keep_trace: bool,
}

impl Chooser {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, options: Vec::new(), special: Vec::new(), trace: Vec::new(), keep_trace: false }
    }

    pub(crate) fn choose(&mut self, step: &str, options: &[Choice]) -> Choice {
        let at = self.options.len();
        self.options.push(options.len());
        let pick = match &mut self.mode {
            Mode::Script(script) => script.get(&at).copied().unwrap_or(0),
            Mode::Random { rng, per_mille } => {
                if options.len() > 1 && rng.hits(*per_mille) {
                    1 + rng.below(options.len() - 1)
                } else {
                    0
                }
            }
        };
        let choice = options.get(pick).copied().unwrap_or(Choice::Proceed);
        if pick > 0 {
            self.special.push(format!("{at}: {choice:?} at {step}"));
        }
        if self.keep_trace {
            self.trace.push(format!("{at}: {choice:?} at {step}"));
        }
        choice
    }

    /// Special steps that the script still holds for later positions.
    pub(crate) fn left(&self) -> usize {
        match &self.mode {
            Mode::Script(script) => script.range(self.options.len()..).count(),
            Mode::Random { .. } => usize::MAX,
        }
    }

    pub(crate) fn describe(&self) -> String {
        let mut out = String::new();
        for line in &self.special {
            let _ = writeln!(out, "  {line}");
        }
        out
    }
}

/// What can happen at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Choice {
    Proceed,
    /// The engine dies before the step and starts again.
    Crash,
    /// The request does not arrive, and nobody knows.
    LoseRequest,
    /// It is applied, and the reply does not arrive.
    LoseReply,
    /// The reply does not arrive, and it is applied later.
    Late,
    /// A read fails.
    Fail,
    /// This edit of the scenario happens right before the step.
    Edit(usize),
}
