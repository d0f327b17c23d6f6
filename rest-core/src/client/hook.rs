//! Looking at every attempt from outside.

use std::time::Duration;

use http::header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::error::ErrorKind;

/// Observes the attempts of a client, for metrics, audit logs and trace headers.
///
/// Hooks are called in the order in which they were added, on the task that makes the call; they must not
/// block. They see no URL, no body and no credential.
pub trait Hook: Send + Sync {
    /// An attempt is about to be sent; headers may be added, except to requests for other servers.
    fn before(&self, call: &CallInfo<'_>, headers: &mut ExtraHeaders<'_>) {
        let _ = (call, headers);
    }

    /// An attempt came to its end.
    fn after(&self, call: &CallInfo<'_>, outcome: &Outcome) {
        let _ = (call, outcome);
    }
}

/// Which attempt of which call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallInfo<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path template.
    pub template: &'a str,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The call's id, the same for all its attempts.
    pub call_id: &'a str,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The status, if the server answered.
    pub status: Option<StatusCode>,
    /// What failed, if something did before or after the status.
    pub failure: Option<ErrorKind>,
    /// From the transport call to the end of the body.
    pub elapsed: Duration,
    /// The size of the body, if it was collected.
    pub body_bytes: Option<u64>,
}

/// Headers that a hook may add to.
#[derive(Debug)]
pub struct ExtraHeaders<'a> {
    pub(crate) headers: &'a mut HeaderMap,
    /// The request goes to another server, which the client's headers do not concern.
    pub(crate) foreign: bool,
}

impl ExtraHeaders<'_> {
    /// Adds a header; false, and nothing done, if the request has it already, if it is one that only the
    /// client itself sets, or if the request goes to another server (its template is `{foreign}`).
    pub fn add(&mut self, name: HeaderName, value: HeaderValue) -> bool {
        let reserved = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, HOST].contains(&name);
        if self.foreign || reserved || self.headers.contains_key(&name) {
            return false;
        }
        self.headers.insert(name, value);
        true
    }
}
