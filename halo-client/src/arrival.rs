//! Errors of answers that are read as they arrive.

use http::Method;
use rest_core::error::ErrorKind;
use rest_core::transport::{TransportError, TransportErrorKind};

use crate::Error;

/// More arrives than the caller allows.
pub(crate) fn too_large(method: Method, template: &'static str, what: &str, cap: u64) -> Error {
    Error::new(ErrorKind::BodyTooLarge, format!("the {what} is larger than {cap} bytes"))
        .with_endpoint(method, template)
}

/// The connection ended before the answer did.
pub(crate) fn broken(method: Method, template: &'static str, what: &str, error: TransportError) -> Error {
    let kind = match error.kind() {
        TransportErrorKind::Timeout => ErrorKind::Timeout,
        _ => ErrorKind::Interrupted,
    };
    Error::new(kind, format!("the {what} did not arrive whole"))
        .with_endpoint(method, template)
        .with_source(error)
}
