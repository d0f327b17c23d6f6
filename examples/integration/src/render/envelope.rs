//! The JSON that `--json` prints: always one object, on one line, with the number of its format.

use serde::Serialize;

use crate::exit::{Exit, Failure};

/// The number of the format of every `--json` output. It grows when a field changes its meaning or goes away;
/// new fields do not change it.
pub const FORMAT: u32 = 1;

/// One `--json` output: a result or an error.
#[derive(Debug, Serialize)]
pub struct Envelope<'a, T: Serialize = ()> {
    format: u32,
    command: &'a str,
    exit: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody<'a>>,
}

#[derive(Debug, Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: String,
    what: &'a str,
    way_out: &'a str,
    causes: Vec<String>,
}

impl<'a, T: Serialize> Envelope<'a, T> {
    /// A result.
    #[must_use]
    pub fn result(command: &'a str, exit: Exit, data: &'a T) -> Self {
        Envelope { format: FORMAT, command, exit: exit.number(), data: Some(data), error: None }
    }
}

impl<'a> Envelope<'a, ()> {
    /// A failure.
    #[must_use]
    pub fn failure(command: &'a str, failure: &'a Failure) -> Self {
        Envelope {
            format: FORMAT,
            command,
            exit: failure.exit().number(),
            data: None,
            error: Some(ErrorBody {
                code: failure.code(),
                message: failure.to_string(),
                what: failure.what(),
                way_out: failure.way_out(),
                causes: failure.causes(),
            }),
        }
    }
}

impl<T: Serialize> Envelope<'_, T> {
    /// The object on one line.
    #[must_use]
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| {
            // Only a result whose keys are not text can get here; say so in the same shape.
            format!(
                "{{\"format\":{FORMAT},\"command\":{:?},\"exit\":1,\"error\":{{\"code\":\"result_unprintable\",\
                 \"message\":{:?}}}}}",
                self.command,
                error.to_string()
            )
        })
    }
}
