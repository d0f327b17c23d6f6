//! Versions of the settings.

use serde::Serialize;
use sync_core::hash::Hash256;

use super::UnixMs;

/// Settings to write down, if they differ from the last version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsNote {
    /// Digest of the settings.
    pub hash: Hash256,
    /// The settings as JSON.
    pub text: String,
    /// Who changed them; nothing where the change was only noticed.
    pub author: Option<String>,
    /// How it came about.
    pub how: SettingsHow,
    /// The configuration file as it is now. It holds no secrets.
    pub file: Option<String>,
}

/// How a version of the settings came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingsHow {
    /// The first that was seen.
    First,
    /// By `settings set`.
    Set,
    /// By `settings roll-back`.
    RollBack,
    /// The file was edited, by hand or by `setup`; noticed when it was next read.
    File,
    /// A person linked clients or people by an answer.
    Answers,
    /// Written down by an earlier program, which did not say.
    Noticed,
}

impl SettingsHow {
    const ALL: [Self; 6] = [Self::First, Self::Set, Self::RollBack, Self::File, Self::Answers, Self::Noticed];

    /// The stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            SettingsHow::First => "first",
            SettingsHow::Set => "set",
            SettingsHow::RollBack => "roll_back",
            SettingsHow::File => "file",
            SettingsHow::Answers => "answers",
            SettingsHow::Noticed => "noticed",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how| how.word() == word)
    }
}

/// A version of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingsVersion {
    /// Its number.
    pub id: i64,
    /// Digest of the settings.
    pub hash: Hash256,
    /// The settings as JSON.
    pub text: String,
    /// Since when they hold.
    pub since: UnixMs,
    /// Who changed them; nothing where the change was only noticed.
    pub author: Option<String>,
    /// How it came about.
    pub how: SettingsHow,
    /// The configuration file as it then was; nothing for versions of earlier programs.
    pub file: Option<String>,
}
