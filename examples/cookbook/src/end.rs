//! How a program ends: one sentence on standard error and an exit code.

use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Exit code for a command line or environment that cannot be used, as in BSD's `sysexits.h`.
const USAGE: u8 = 64;

/// Why a program ended early.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for cannot be understood; nothing was done. Exit code 64.
    Usage(String),
    /// It did not work. Exit code 1.
    Failed(String),
    /// Whoever read the output has gone, as `head` does. That is no failure: exit code 0, and silence.
    OutputClosed,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(sentence) | Self::Failed(sentence) => f.write_str(sentence),
            Self::OutputClosed => f.write_str("the output was closed"),
        }
    }
}

impl From<halo_client::Error> for Failure {
    /// What is wrong with a setting is usage; the rest happened on the way.
    fn from(error: halo_client::Error) -> Self {
        if error.is_configuration() {
            return Self::Usage(error.to_string());
        }
        // The sentence of an error does not repeat its cause, which often says the decisive word
        // ("connection refused"), so the whole chain is shown.
        let mut sentence = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(one) = cause {
            sentence.push_str(": ");
            sentence.push_str(&one.to_string());
            cause = one.source();
        }
        Self::Failed(sentence)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Ends a program: says what went wrong, and gives the exit code.
pub fn finish(outcome: Result<(), Failure>) -> ExitCode {
    let (code, sentence) = match outcome {
        Ok(()) | Err(Failure::OutputClosed) => return ExitCode::SUCCESS,
        Err(Failure::Usage(sentence)) => (ExitCode::from(USAGE), sentence),
        Err(Failure::Failed(sentence)) => (ExitCode::FAILURE, sentence),
    };
    // If standard error is gone too, there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{sentence}");
    code
}

/// Runs a future to its end on this thread. The programs need no more than one.
///
/// # Errors
/// Those of the future, and that of a runtime that cannot be started.
pub fn wait_for<F: Future<Output = Result<(), Failure>>>(future: F) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}
