//! Errors: those of the pipeline, which implementers of [`HitApi`](crate::HitApi) make too.

use http::StatusCode;
use rest_core::error::{ErrorDetails, Refusal, Sent};

pub use rest_core::error::{Error, ErrorKind};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The stable words of the contract's errors, as [`Error::code`] gives them. Others may come.
pub mod code {
    /// The server does not offer this; see [`Capability`](crate::Capability).
    pub const CAPABILITY_ABSENT: &str = "capability_absent";
    /// The external record belongs to another item already.
    pub const EXTERNAL_REFERENCE_TAKEN: &str = "external_reference_taken";
    /// The item has left its roadmap and cannot be changed.
    pub const ITEM_ARCHIVED: &str = "item_archived";
    /// The first request with this idempotency key is still running.
    pub const IDEMPOTENCY_KEY_IN_PROGRESS: &str = "idempotency_key_in_progress";
    /// The idempotency key was used for something else.
    pub const IDEMPOTENCY_KEY_REUSED: &str = "idempotency_key_reused";
    /// HumanizeIT's connection to Halo is not filled in.
    pub const INTEGRATION_INCOMPLETE: &str = "integration_incomplete";
    /// The record changed since the version that the write was conditional on.
    pub const PRECONDITION_FAILED: &str = "precondition_failed";
    /// No such record.
    pub const NOT_FOUND: &str = "not_found";
    /// The client does not exist or is archived.
    pub const UNKNOWN_CLIENT: &str = "unknown_client";
    /// The status does not exist.
    pub const UNKNOWN_STATUS: &str = "unknown_status";
    /// The team member does not exist or is not active.
    pub const UNKNOWN_TEAM_MEMBER: &str = "unknown_team_member";
    /// The budget has no line of this id.
    pub const UNKNOWN_BUDGET_LINE: &str = "unknown_budget_line";
    /// The currency is not the item's.
    pub const CURRENCY_MISMATCH: &str = "currency_mismatch";
    /// The value does not fit.
    pub const INVALID_VALUE: &str = "invalid_value";
    /// The value must be given.
    pub const REQUIRED: &str = "required";
    /// The cursor is unreadable, too old, or of another query.
    pub const INVALID_CURSOR: &str = "invalid_cursor";
}

/// The failure of asking for something that a server does not offer. For implementers of
/// [`HitApi`](crate::HitApi). Nothing was sent.
pub fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Other, format!("this HumanizeIT API does not offer {what}"))
        .with_details(ErrorDetails::new().with_code(code::CAPABILITY_ABSENT))
        .with_sent(Sent::No)
}

/// Whether the failure is that the server does not offer this at all.
///
/// # Troubleshooting
///
/// [`HitApi::account`](crate::HitApi::account) lists what the server offers. Switch the feature off that
/// needs more; it is not a matter of rights.
pub fn is_unsupported(error: &Error) -> bool {
    error.code() == Some(code::CAPABILITY_ABSENT)
}

/// A refusal by a server: what a status and a [`code`] mean together. For implementers of
/// [`HitApi`](crate::HitApi). `message` is one sentence without secrets.
pub fn refused(status: StatusCode, code: &str, message: impl Into<String>) -> Error {
    let details = ErrorDetails::new().with_code(code).with_message(message);
    Error::new(ErrorKind::Status, "the server refused")
        .with_status(status)
        .with_details(meaning(details))
        .with_sent(Sent::Answered)
}

/// A missing capability is answered with 404, 400 or 422; it must not pass for a missing record.
pub(crate) fn meaning(details: ErrorDetails) -> ErrorDetails {
    match details.code.as_deref() {
        Some(code::CAPABILITY_ABSENT) => details.with_refusal(Refusal::Invalid),
        _ => details,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_offered_does_not_pass_for_a_missing_record() {
        let error = refused(StatusCode::NOT_FOUND, code::CAPABILITY_ABSENT, "no webhooks here");
        assert!(is_unsupported(&error) && !error.is_not_found());
        assert!(refused(StatusCode::NOT_FOUND, code::NOT_FOUND, "no such item").is_not_found());
        let error = unsupported("webhooks");
        assert!(is_unsupported(&error) && error.is_not_sent() && !error.is_outcome_unknown());
    }
}
