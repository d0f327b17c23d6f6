//! The questions that an error answers.

use http::StatusCode;

use super::{Error, ErrorKind, Refusal};

impl Error {
    fn status_is(&self, status: StatusCode) -> bool {
        self.0.status == Some(status)
    }

    fn refused_as(&self, refusal: Refusal) -> bool {
        self.0.refusal == Some(refusal)
    }

    /// True when a hook gave the refusal another meaning than its status has.
    fn overruled(&self, refusal: Refusal) -> bool {
        self.0.refusal.is_some_and(|found| found != refusal)
    }

    /// The request certainly never reached the server: repeating it is safe whatever it does.
    ///
    /// # Troubleshooting
    ///
    /// The usual causes are a wrong host name, no network, a proxy or firewall in between, a certificate
    /// that is not trusted, a call refused on this side ([`is_configuration`](Self::is_configuration)), or
    /// a deadline that passed while the call waited for its turn. The cause is in `source()`.
    pub fn is_not_sent(&self) -> bool {
        !self.0.may_have_been_sent
    }

    /// A write may or may not have been applied, and nobody answered which.
    ///
    /// # Troubleshooting
    ///
    /// Do not repeat the call blindly: read the record back, or search for what was to be created, and
    /// repeat only if it is not there. Happens after timeouts, broken connections and server errors on
    /// calls that change something, and when a successful answer could not be read. Frequent cases mean
    /// that the attempt timeout is shorter than the server's slow moments.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// The server refused because of too many requests, and went on refusing.
    ///
    /// # Troubleshooting
    ///
    /// Lower the configured rate: other programs, or people, share the same allowance. [`retry_after`](Self::retry_after)
    /// says how long the server asked to wait.
    pub fn is_throttled(&self) -> bool {
        (self.status_is(StatusCode::TOO_MANY_REQUESTS)
            || (self.status_is(StatusCode::SERVICE_UNAVAILABLE) && self.0.retry_after.is_some()))
            && !self.overruled(Refusal::Throttled)
            || self.refused_as(Refusal::Throttled)
    }

    /// Time ran out: of one attempt, of the whole call, or of a server on the way (408, 504, and what proxies answer when
    /// the server behind them takes too long: 522, 524, 598, 599). A write may have been applied all the same:
    /// [`is_outcome_unknown`](Self::is_outcome_unknown).
    ///
    /// # Troubleshooting
    ///
    /// Raise the attempt timeout when single requests are slow, the deadline when waits and retries add
    /// up; see [`is_deadline`](Self::is_deadline). Ask for less per request: fewer rows, fewer details. With a status of a
    /// proxy, its own patience is what ended, about 100 seconds with 524: only asking for less helps.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Timeout | ErrorKind::Deadline)
            || self
                .0
                .status
                .is_some_and(|status| matches!(status.as_u16(), 408 | 504 | 522 | 524 | 598 | 599))
    }

    /// The call's overall deadline passed.
    ///
    /// # Troubleshooting
    ///
    /// The deadline covers waiting for the rate limit and for retries. A call that is queued behind many
    /// others needs a longer one. [`attempts`](Self::attempts) says whether it was sent at all.
    pub fn is_deadline(&self) -> bool {
        self.0.kind == ErrorKind::Deadline
    }

    /// The credentials were not accepted (401, or the token endpoint's refusal).
    ///
    /// # Troubleshooting
    ///
    /// Check the client id and secret, that the application is active, that the authorisation server
    /// belongs to the same tenant, and that the machine's clock is right. A token that was refused once was
    /// renewed and tried again before this error appeared.
    pub fn is_authentication(&self) -> bool {
        self.status_is(StatusCode::UNAUTHORIZED) && !self.overruled(Refusal::Authentication)
            || self.refused_as(Refusal::Authentication)
    }

    /// The credentials are accepted but lack a right (403, or the product says so).
    ///
    /// # Troubleshooting
    ///
    /// Compare the application's scopes and the role of the user it acts as with what the endpoint needs.
    pub fn is_permission(&self) -> bool {
        self.status_is(StatusCode::FORBIDDEN) && !self.overruled(Refusal::Permission)
            || self.refused_as(Refusal::Permission)
    }

    /// The record or the route does not exist (404, 410).
    ///
    /// # Troubleshooting
    ///
    /// For a record: it was deleted, or the credentials cannot see it. For every call alike: the base URL
    /// is wrong, often a path segment too many or too few.
    pub fn is_not_found(&self) -> bool {
        (self.status_is(StatusCode::NOT_FOUND) || self.status_is(StatusCode::GONE))
            && !self.overruled(Refusal::NotFound)
            || self.refused_as(Refusal::NotFound)
    }

    /// The request conflicts with the record's state (409).
    ///
    /// # Troubleshooting
    ///
    /// Read the record again and decide anew.
    pub fn is_conflict(&self) -> bool {
        self.status_is(StatusCode::CONFLICT) && !self.overruled(Refusal::Conflict)
            || self.refused_as(Refusal::Conflict)
    }

    /// The record changed since it was read (412): a conditional write was refused.
    ///
    /// # Troubleshooting
    ///
    /// Read the record again and decide anew; that it happens is what the condition is for.
    pub fn is_precondition_failed(&self) -> bool {
        self.status_is(StatusCode::PRECONDITION_FAILED)
    }

    /// The server does not accept the content (400, 422).
    ///
    /// # Troubleshooting
    ///
    /// The message and [`code`](Self::code) usually name the field. Repeating the same content is useless.
    pub fn is_invalid(&self) -> bool {
        (self.status_is(StatusCode::BAD_REQUEST) || self.status_is(StatusCode::UNPROCESSABLE_ENTITY))
            && !self.overruled(Refusal::Invalid)
            || self.refused_as(Refusal::Invalid)
    }

    /// The server failed (5xx), or a proxy in front of it did not get through (of Cloudflare: 520 an odd answer, 521 no
    /// connection, 523 no way there).
    ///
    /// # Troubleshooting
    ///
    /// Reads were repeated already. If it persists, quote [`request_id`](Self::request_id) to the vendor.
    pub fn is_server(&self) -> bool {
        self.0.status.is_some_and(|status| status.is_server_error())
    }

    /// The answer came but its body is not what the endpoint promises.
    ///
    /// # Troubleshooting
    ///
    /// An HTML page instead of JSON means that something between here and the API answered: a proxy, a
    /// login page, a base URL of the web site instead of the API. Otherwise the product changed; the
    /// message names the place, [`body`](Self::body) holds the beginning.
    pub fn is_decode(&self) -> bool {
        self.0.kind == ErrorKind::Decode
    }

    /// One row of a list could not be read; the list goes on after it.
    ///
    /// # Troubleshooting
    ///
    /// The message names the place in the row. Read the row with a smaller type, or raw.
    pub fn is_bad_record(&self) -> bool {
        self.0.kind == ErrorKind::BadRecord
    }

    /// The server wants the request elsewhere; redirects are never followed, so that no credential strays.
    ///
    /// # Troubleshooting
    ///
    /// Configure the address that the message names, if it is one you trust. Often http instead of https,
    /// a renamed tenant, or a login page.
    pub fn is_redirect(&self) -> bool {
        self.0.kind == ErrorKind::Redirect
    }

    /// The call was refused on this side, before anything was sent.
    ///
    /// # Troubleshooting
    ///
    /// The message names what to change. Credentials never leave over plain http except to this machine.
    pub fn is_configuration(&self) -> bool {
        self.0.kind == ErrorKind::Configuration
    }

    /// No connection could be made.
    ///
    /// # Troubleshooting
    ///
    /// Wrong host name, no network, a proxy or firewall, or an untrusted certificate: see `source()`.
    pub fn is_connect(&self) -> bool {
        self.0.kind == ErrorKind::Connect
    }

    /// The answer's body is larger than the cap.
    ///
    /// # Troubleshooting
    ///
    /// Ask for fewer rows per page, raise the cap for this call, or stream the body with `download`.
    pub fn is_body_too_large(&self) -> bool {
        self.0.kind == ErrorKind::BodyTooLarge
    }

    /// A list did not hold together over its pages: the server repeated one, or left some out. Or a list without
    /// pages is shorter than its own count.
    ///
    /// # Troubleshooting
    ///
    /// Rows may be missing: list again, in a stable order, with a smaller page size, or narrow the list. If it
    /// persists, the route ignores its paging parameters, or counts rows that it does not show.
    pub fn is_paging(&self) -> bool {
        self.0.kind == ErrorKind::Paging
    }

    /// Retries were made, or their budget was spent, so an outer layer should not start over at once.
    ///
    /// # Troubleshooting
    ///
    /// Wait for the cause to pass; many such errors at once mean that the server is down.
    pub fn is_exhausted(&self) -> bool {
        self.0.exhausted
    }
}

#[cfg(test)]
mod tests {
    use super::super::ErrorDetails;
    use super::*;
    use crate::endpoint::Idempotency;

    fn status(code: u16) -> Error {
        Error::new(ErrorKind::Status, "refused").with_status(StatusCode::from_u16(code).unwrap())
    }

    #[test]
    fn a_hook_moves_a_refusal_from_one_predicate_to_another() {
        let plain = status(403);
        assert!(plain.is_permission() && !plain.is_authentication());
        let moved = status(403).with_details(ErrorDetails::new().with_refusal(Refusal::NotFound));
        assert!(moved.is_not_found() && !moved.is_permission());
        let throttled = status(400).with_details(ErrorDetails::new().with_refusal(Refusal::Throttled));
        assert!(throttled.is_throttled() && !throttled.is_invalid());
    }

    #[test]
    fn what_a_proxy_says_of_the_server_behind_it() {
        use crate::retry::{FailureClass, Sent, Verdict, verdict};
        // Status, a timeout, worth repeating.
        let table = [
            (408, true, true),
            (500, false, true),
            (502, false, true),
            (504, true, true),
            (520, false, true),
            (521, false, true),
            (522, true, true),
            (523, false, true),
            (524, true, true),
            (598, true, true),
            (599, true, true),
            // TLS with the server behind does not come about: no request was passed on, and a certificate is to be mended.
            (525, false, false),
            (526, false, false),
            (501, false, false),
        ];
        for (code, timeout, transient) in table {
            let error = status(code);
            assert_eq!((error.is_timeout(), error.is_server()), (timeout, code >= 500), "{code}");
            assert!(!error.is_throttled() && !error.is_connect() && !error.is_deadline(), "{code}");
            let class = FailureClass::of(StatusCode::from_u16(code).unwrap(), false);
            assert_eq!(class == FailureClass::Transient, transient, "{code}");
            let read = verdict(Sent::Answered, Idempotency::Safe, class);
            let create = verdict(Sent::Answered, Idempotency::Once, class);
            let expected = match transient {
                true => (Verdict::Retry, Verdict::OutcomeUnknown),
                false => (Verdict::Stop, Verdict::Stop),
            };
            assert_eq!((read, create), expected, "{code}");
        }
    }

    #[test]
    fn a_503_is_throttling_only_with_a_wait() {
        assert!(!status(503).is_throttled());
        assert!(status(503).with_retry_after(std::time::Duration::from_secs(1)).is_throttled());
        assert!(status(503).is_server());
    }
}
