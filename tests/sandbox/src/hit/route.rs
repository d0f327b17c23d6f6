//! HIT's routes.

use axum::http::Method;

use super::refusal::Refusal;
use crate::world::store::Row;

/// What a path and a method ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `GET /account`
    Account,
    /// `GET /clients`
    Clients,
    /// `GET /team-members`
    Members,
    /// `GET /statuses`
    Statuses,
    /// `GET /roadmap-items`
    Items,
    /// `POST /roadmap-items`
    CreateItem,
    /// `GET /roadmap-items/{id}`
    Item(String),
    /// `PATCH /roadmap-items/{id}`
    PatchItem(String),
    /// `PUT /roadmap-items/{id}/external-references/{system}/{instance}/{kind}`
    PutReference(ReferencePath),
    /// `DELETE` of the same.
    DeleteReference(ReferencePath),
    /// `GET /integrations/halopsa`
    Integration,
    /// `PATCH /integrations/halopsa`
    PatchIntegration,
    /// `POST /integrations/halopsa/test`
    TestIntegration,
    /// `GET /webhooks`
    Webhooks,
    /// `POST /webhooks`
    CreateWebhook,
    /// `GET /webhooks/{id}`
    Webhook(String),
    /// `PATCH /webhooks/{id}`
    PatchWebhook(String),
    /// `DELETE /webhooks/{id}`
    DeleteWebhook(String),
    /// `POST /webhooks/{id}/test`
    TestWebhook(String),
}

/// The path of one reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencePath {
    /// The item.
    pub item: String,
    /// The system.
    pub system: String,
    /// The installation.
    pub instance: String,
    /// The kind of record there.
    pub kind: String,
}

impl Route {
    /// The route of a method and a path below the base URL.
    ///
    /// # Errors
    /// 404 for an unknown path, 405 for a method it does not have.
    pub fn of(method: &Method, path: &str) -> Result<Self, Refusal> {
        let mut segments = Vec::new();
        for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
            segments.push(
                super::query::decode(segment, false).ok_or_else(|| Refusal::not_found("No such path."))?,
            );
        }
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let get = *method == Method::GET;
        let refuse = |allow: &'static str| {
            let mut refusal = Refusal::new(405, "method_not_allowed", format!("Allowed: {allow}."));
            refusal.allow = Some(allow);
            Err(refusal)
        };
        match (segments.as_slice(), method.as_str()) {
            (["account"], _) if get => Ok(Self::Account),
            (["clients"], _) if get => Ok(Self::Clients),
            (["team-members"], _) if get => Ok(Self::Members),
            (["statuses"], _) if get => Ok(Self::Statuses),
            (["account" | "clients" | "team-members" | "statuses"], _) => refuse("GET"),
            (["roadmap-items"], "GET") => Ok(Self::Items),
            (["roadmap-items"], "POST") => Ok(Self::CreateItem),
            (["roadmap-items"], _) => refuse("GET, POST"),
            (["roadmap-items", id], "GET") if !id.is_empty() => Ok(Self::Item((*id).to_owned())),
            (["roadmap-items", id], "PATCH") if !id.is_empty() => Ok(Self::PatchItem((*id).to_owned())),
            (["roadmap-items", id], _) if !id.is_empty() => refuse("GET, PATCH"),
            (["roadmap-items", item, "external-references", system, instance, kind], _)
                if ![item, system, instance, kind].iter().any(|s| s.is_empty()) =>
            {
                let path = ReferencePath {
                    item: (*item).to_owned(),
                    system: (*system).to_owned(),
                    instance: (*instance).to_owned(),
                    kind: (*kind).to_owned(),
                };
                match method.as_str() {
                    "PUT" => Ok(Self::PutReference(path)),
                    "DELETE" => Ok(Self::DeleteReference(path)),
                    _ => refuse("PUT, DELETE"),
                }
            }
            (["integrations", "halopsa"], "GET") => Ok(Self::Integration),
            (["integrations", "halopsa"], "PATCH") => Ok(Self::PatchIntegration),
            (["integrations", "halopsa"], _) => refuse("GET, PATCH"),
            (["integrations", "halopsa", "test"], "POST") => Ok(Self::TestIntegration),
            (["integrations", "halopsa", "test"], _) => refuse("POST"),
            (["webhooks"], "GET") => Ok(Self::Webhooks),
            (["webhooks"], "POST") => Ok(Self::CreateWebhook),
            (["webhooks"], _) => refuse("GET, POST"),
            (["webhooks", id], "GET") if !id.is_empty() => Ok(Self::Webhook((*id).to_owned())),
            (["webhooks", id], "PATCH") if !id.is_empty() => Ok(Self::PatchWebhook((*id).to_owned())),
            (["webhooks", id], "DELETE") if !id.is_empty() => Ok(Self::DeleteWebhook((*id).to_owned())),
            (["webhooks", id], _) if !id.is_empty() => refuse("GET, PATCH, DELETE"),
            (["webhooks", id, "test"], "POST") if !id.is_empty() => Ok(Self::TestWebhook((*id).to_owned())),
            (["webhooks", id, "test"], _) if !id.is_empty() => refuse("POST"),
            _ => Err(Refusal::not_found("No such path.")),
        }
    }

    /// The capability without which the route refuses.
    #[must_use]
    pub fn capability(&self) -> Option<&'static str> {
        match self {
            Self::PutReference(_) | Self::DeleteReference(_) => Some("external_references"),
            Self::Webhooks
            | Self::CreateWebhook
            | Self::Webhook(_)
            | Self::PatchWebhook(_)
            | Self::DeleteWebhook(_)
            | Self::TestWebhook(_) => Some("webhooks"),
            _ => None,
        }
    }

    /// The query parameters the route knows.
    #[must_use]
    pub fn parameters(&self) -> &'static [&'static str] {
        match self {
            Self::Clients => &["include_archived", "cursor", "page_size"],
            Self::Members | Self::Statuses | Self::Webhooks => &["cursor", "page_size"],
            Self::Items => &[
                "client_id",
                "status",
                "updated_since",
                "include_archived",
                "external_reference",
                "cursor",
                "page_size",
            ],
            _ => &[],
        }
    }

    /// Whether the request has a body.
    #[must_use]
    pub fn body(&self) -> Payload {
        match self {
            Self::CreateItem | Self::PutReference(_) | Self::CreateWebhook => Payload::Json,
            Self::PatchItem(_) | Self::PatchIntegration | Self::PatchWebhook(_) => Payload::MergePatch,
            _ => Payload::None,
        }
    }

    /// Whether the route takes an idempotency key; its name in the memory.
    #[must_use]
    pub fn idempotent(&self) -> Option<&'static str> {
        match self {
            Self::CreateItem => Some("roadmap-items"),
            Self::CreateWebhook => Some("webhooks"),
            _ => None,
        }
    }
}

/// What kind of body a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// None; whatever is sent is not looked at.
    None,
    /// A JSON object.
    Json,
    /// A merge patch.
    MergePatch,
}

/// Whether the account offers a capability.
#[must_use]
pub fn offers(account: &Row, capability: &str) -> bool {
    account
        .get("capabilities")
        .and_then(serde_json::Value::as_array)
        .is_some_and(|all| all.iter().any(|c| c.as_str() == Some(capability)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_is_another_path() {
        assert_eq!(Route::of(&Method::GET, "/roadmap-items"), Ok(Route::Items));
        assert_eq!(Route::of(&Method::GET, "/roadmap-items/").unwrap_err().status, 404);
        assert_eq!(Route::of(&Method::GET, "/account/").unwrap_err().status, 404);
    }

    #[test]
    fn an_unknown_method_is_not_an_unknown_path() {
        assert_eq!(Route::of(&Method::DELETE, "/roadmap-items/it_1").unwrap_err().status, 405);
        assert_eq!(Route::of(&Method::DELETE, "/roadmaps").unwrap_err().status, 404);
    }
}
