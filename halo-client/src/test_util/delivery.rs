//! Deliveries as Halo would send them.

use bytes::Bytes;
use http::HeaderMap;

use crate::webhook::Authentication;

/// The headers and the body of a delivery that proves itself in this way, for tests of receivers.
///
/// ```
/// use halo_client::test_util::signed_delivery;
/// use halo_client::webhook::{Authentication, Delivery};
///
/// let proof = Authentication::hmac("x-halo-signature", "a key");
/// let (headers, body) = signed_delivery(&proof, r#"{"event": "Ticket Updated", "ticket_id": 4711}"#);
///
/// let verifier = proof.verifier()?.expect("there is a proof to check");
/// verifier.verify(&headers, &body)?;
/// assert_eq!(Delivery::parse(&body)?.changes()[0].ticket(), Some(4711.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// When the header's name is none.
pub fn signed_delivery(proof: &Authentication, body: impl Into<Bytes>) -> (HeaderMap, Bytes) {
    let body = body.into();
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    if let Some((name, value)) = proof.prove(&body) {
        let pair = http::HeaderName::from_bytes(name.as_bytes()).ok();
        match pair.zip(http::HeaderValue::from_str(&value).ok()) {
            Some((name, value)) => headers.insert(name, value),
            None => panic!("`{name}` cannot be a header"),
        };
    }
    (headers, body)
}
