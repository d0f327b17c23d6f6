//! The pretended HaloPSA.

use axum::Router;

use crate::world::Handle;

/// The server's routes: everything below `/api` and `/auth`.
pub fn router(handle: Handle) -> Router {
    Router::new().with_state(handle)
}
