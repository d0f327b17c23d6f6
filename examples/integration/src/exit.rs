//! How a command ends: exit codes, and the one failure type that every error becomes on its way out.
//!
//! A failure says in one sentence what is wrong and what to do about it. Its [`Exit`] is what scripts see;
//! its [`code`](Failure::code) is what programs read from `--json`.

use std::error::Error as StdError;
use std::fmt;

/// The exit codes of `halo-hit`, one per class of outcome.
///
/// Scripts may rely on the numbers: they never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// There was nothing to do, or the command succeeded.
    Done = 0,
    /// Anything that has no code of its own.
    Other = 1,
    /// Changes were planned or applied.
    Changes = 2,
    /// The run ended, and left skips or conflicts behind.
    Partial = 3,
    /// A limit or the gate to global scope stopped the run before it wrote anything.
    Blocked = 4,
    /// The plan is older than the state it was made from, or it was edited.
    Stale = 5,
    /// A system refused the credentials.
    Credentials = 10,
    /// A base URL or the tenant is wrong.
    Address = 11,
    /// The configuration is wrong.
    Configuration = 12,
    /// The database belongs to another tenant, or its schema is newer than this program.
    Database = 13,
    /// Another process works on the database.
    Locked = 14,
    /// The command line is wrong.
    Usage = 64,
}

impl Exit {
    /// All of them, in the order of their numbers.
    pub const ALL: [Exit; 12] = [
        Exit::Done,
        Exit::Other,
        Exit::Changes,
        Exit::Partial,
        Exit::Blocked,
        Exit::Stale,
        Exit::Credentials,
        Exit::Address,
        Exit::Configuration,
        Exit::Database,
        Exit::Locked,
        Exit::Usage,
    ];

    /// The number the process ends with.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// What it means, in a few words; `--help` lists these.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "nothing to do, or the command succeeded",
            Exit::Other => "anything else",
            Exit::Changes => "changes planned or applied",
            Exit::Partial => "done with skips or conflicts",
            Exit::Blocked => "blocked by limits or gate",
            Exit::Stale => "stale or edited plan",
            Exit::Credentials => "credentials refused",
            Exit::Address => "wrong URL or tenant",
            Exit::Configuration => "wrong configuration",
            Exit::Database => "database of another tenant or schema",
            Exit::Locked => "database locked by another process",
            Exit::Usage => "wrong command line",
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        std::process::ExitCode::from(exit.number())
    }
}

/// Why a command could not do what it was asked, and what to do about it.
///
/// `Display` is one sentence: what is wrong, a semicolon or colon, and the way out. The cause, if another error
/// led here, is in [`source`](StdError::source). No failure ever holds a secret.
#[derive(Debug)]
pub struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    exit: Exit,
    code: &'static str,
    what: String,
    way_out: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Failure {
    /// A failure of class `exit` with the stable name `code`. `what` says what is wrong, `way_out` what to do;
    /// both without a full stop.
    pub fn new(exit: Exit, code: &'static str, what: impl Into<String>, way_out: impl Into<String>) -> Self {
        Failure(Box::new(Inner { exit, code, what: what.into(), way_out: way_out.into(), source: None }))
    }

    /// A wrong configuration ([`Exit::Configuration`]).
    pub fn configuration(code: &'static str, what: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self::new(Exit::Configuration, code, what, way_out)
    }

    /// A wrong command line ([`Exit::Usage`]).
    pub fn usage(code: &'static str, what: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self::new(Exit::Usage, code, what, way_out)
    }

    /// A failure without a class of its own ([`Exit::Other`]).
    pub fn other(code: &'static str, what: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self::new(Exit::Other, code, what, way_out)
    }

    /// The same failure, with the error that led to it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The class, and so the exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    /// The stable name of this failure, such as `currency_missing`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What is wrong.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// What to do about it.
    #[must_use]
    pub fn way_out(&self) -> &str {
        &self.0.way_out
    }

    /// The causes, outermost first, each in one line.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next = StdError::source(self);
        while let Some(error) = next {
            let text = error.to_string();
            // A wrapper that only repeats its cause tells nothing.
            if causes.last() != Some(&text) {
                causes.push(text);
            }
            next = error.source();
        }
        causes
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.what)?;
        if !self.0.way_out.is_empty() {
            write!(f, ": {}", self.0.way_out)?;
        }
        f.write_str(".")
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_classes_share_a_number() {
        let mut numbers: Vec<u8> = Exit::ALL.iter().map(|exit| exit.number()).collect();
        numbers.dedup();
        assert_eq!(numbers.len(), Exit::ALL.len());
    }

    #[test]
    fn a_failure_reads_as_one_sentence_and_keeps_its_causes() {
        let cause = std::io::Error::other("the disk said no");
        let failure = Failure::other("x", "it did not work", "try the other way").with_source(cause);
        assert_eq!(failure.to_string(), "it did not work: try the other way.");
        assert_eq!(failure.causes(), ["the disk said no"]);
    }
}
