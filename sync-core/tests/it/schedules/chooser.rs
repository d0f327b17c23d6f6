//! Decides what happens at each step, and remembers what could have happened.

use std::collections::BTreeMap;
use std::fmt;

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
    /// A list ends too early.
    Truncate,
    /// This event of the story happens right before the step.
    Event(u8),
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => write!(f, "Event {event}"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl std::str::FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(event) = text.strip_prefix("Event ") {
            return event.parse().map(Self::Event).map_err(|_| format!("no event {event}"));
        }
        [
            Self::Proceed,
            Self::Crash,
            Self::LoseRequest,
            Self::LoseReply,
            Self::Late,
            Self::Fail,
            Self::Truncate,
        ]
        .into_iter()
        .find(|choice| choice.to_string() == text)
        .ok_or_else(|| format!("no choice {text}"))
    }
}

/// One special step: what happens the n-th time that something is asked at a step of this name. Names and counts
/// survive changes of the engine better than positions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Special {
    pub(crate) step: String,
    pub(crate) nth: u16,
    pub(crate) choice: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// These positions take these options, all others the first.
    Script(BTreeMap<usize, u8>),
    /// These steps take these choices, wherever they are possible.
    Named(Vec<Special>),
    /// In so many of a thousand steps something else than the first option.
    Random { rng: Rng, per_mille: u64 },
}

/// Decides at every step. The first option is always that nothing special happens.
#[derive(Clone, Debug)]
pub(crate) struct Chooser {
    pub(crate) mode: Mode,
    /// Number of options at every position so far.
    pub(crate) options: Vec<u8>,
    /// What was chosen where it was not the first option.
    pub(crate) special: Vec<Special>,
    /// How often each name was asked.
    asked: Vec<(&'static str, u16)>,
}

impl Chooser {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, options: Vec::new(), special: Vec::new(), asked: Vec::new() }
    }

    pub(crate) fn choose(&mut self, step: &'static str, options: &[Choice]) -> Choice {
        let at = self.options.len();
        self.options.push(u8::try_from(options.len()).expect("few options"));
        let nth = match self.asked.iter_mut().find(|(name, _)| *name == step) {
            Some((_, count)) => {
                *count = count.saturating_add(1);
                *count
            }
            None => {
                self.asked.push((step, 1));
                1
            }
        };
        let pick = match &mut self.mode {
            Mode::Script(script) => usize::from(script.get(&at).copied().unwrap_or(0)),
            Mode::Named(special) => special
                .iter()
                .find(|s| s.step == step && s.nth == nth)
                .and_then(|s| options.iter().position(|choice| choice.to_string() == s.choice))
                .unwrap_or(0),
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
            self.special.push(Special { step: step.into(), nth, choice: choice.to_string() });
        }
        choice
    }

    /// Special steps that the script still holds for later positions.
    pub(crate) fn left(&self) -> usize {
        match &self.mode {
            Mode::Script(script) => script.range(self.options.len()..).count(),
            Mode::Named(_) | Mode::Random { .. } => usize::MAX,
        }
    }
}
