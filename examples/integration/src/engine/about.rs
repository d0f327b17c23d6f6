//! What conflicts and issues are about, in people's words, and who wrote there last.

use std::collections::BTreeSet;

use hit_client::{ActorKind, Seen};
use sync_core::catalogue::Catalogue;
use sync_core::decision::{Conflict, IssueCode, Subject};
use sync_core::field::{FieldId, FieldRow};
use sync_core::hash::Hash128;
use sync_core::ids::{HitClientId, HitStatusId, MemberId};
use sync_core::plan::Plan;
use sync_core::value::Value;

use super::{Engine, View};
use crate::exit::Failure;
use crate::storage::{About, Change, Edit};

/// For how many new conflicts of one run both systems are asked who wrote last: two requests each.
const ASKED: usize = 10;

impl Engine {
    /// Says of every conflict and issue of the plan what it is about. Of conflicts that are new, both systems are asked
    /// who wrote last; one that does not answer costs the name, not the run.
    pub(super) async fn describe(&self, view: &View, plan: &Plan) -> Result<Vec<Change>, Failure> {
        let known: BTreeSet<Hash128> =
            self.store.conflicts().await?.iter().map(|known| known.conflict.id).collect();
        let mut changes = Vec::new();
        let fresh = plan.conflicts.iter().filter(|conflict| !known.contains(&conflict.id));
        for (number, conflict) in fresh.enumerate() {
            let subject = Subject::item(&conflict.item).with_ticket(conflict.ticket, conflict.kind);
            let mut about = view.about(&subject);
            if number < ASKED {
                (about.halo, about.hit) = self.last_edits(view, conflict).await;
            }
            changes.push(Change::Describe { id: conflict.id, about: Box::new(about) });
        }
        for issue in &plan.issues {
            let mut about = view.about(&issue.subject);
            about.value = value_name(&view.catalogue, issue.code, &issue.subject);
            changes.push(Change::Describe { id: issue.id, about: Box::new(about) });
        }
        Ok(changes)
    }

    async fn last_edits(&self, view: &View, conflict: &Conflict) -> (Option<Edit>, Option<Edit>) {
        let halo = self.halo.last_action(conflict.ticket).await.unwrap_or_else(|reject| {
            tracing::debug!(reason = %reject.detail, "who changed the ticket is not known");
            None
        });
        let at = view.snapshot.ticket(conflict.ticket).and_then(|ticket| ticket.last_update);
        let halo = halo.or_else(|| at.map(|at| Edit { at: Some(at.unix_ms), ..Edit::default() }));
        let item = self.hit.api().item(&hit_client::ItemId::new(conflict.item.as_str())).await;
        let hit = item.ok().map(|item| Edit {
            by: match &item.updated_by {
                Seen::Value(actor) => actor_name(&view.catalogue, &actor.kind, actor.id.as_deref()),
                _ => None,
            },
            what: None,
            at: match item.updated_at {
                Seen::Value(at) => Some(at.as_millisecond()),
                _ => None,
            },
        });
        (halo, hit)
    }
}

fn actor_name(catalogue: &Catalogue, kind: &ActorKind, id: Option<&str>) -> Option<String> {
    match kind {
        ActorKind::User => {
            let member = id.and_then(|id| catalogue.members.get(&MemberId::from(id)));
            member.map(|member| member.name.to_string()).or_else(|| id.map(str::to_owned))
        }
        ActorKind::ApiKey => Some("an API key".to_owned()),
        _ => id.map(str::to_owned),
    }
}

impl View {
    /// The names of what a subject is about.
    #[must_use]
    pub fn about(&self, subject: &Subject) -> About {
        let item = subject.item.as_ref().and_then(|item| self.snapshot.item(item));
        let ticket = subject.ticket.and_then(|ticket| self.snapshot.ticket(ticket));
        let client = subject.client.as_ref().or(item.map(|item| &item.client));
        let hit = client.and_then(|client| self.catalogue.hit_clients.get(client)).map(|found| &found.name);
        let halo = subject.halo_client.or(ticket.map(|ticket| ticket.client));
        let halo = halo.and_then(|client| self.catalogue.halo_clients.get(&client)).map(|found| &found.name);
        About {
            item: item.and_then(|item| name(&item.fields)),
            ticket: ticket.and_then(|ticket| name(&ticket.fields)),
            client: hit.or(halo).map(ToString::to_string),
            ..About::default()
        }
    }
}

/// The HIT client with this id or, if there is only one, with this name.
#[must_use]
pub fn client_named(catalogue: &Catalogue, typed: &str) -> Option<HitClientId> {
    let id = HitClientId::from(typed);
    if catalogue.hit_clients.contains_key(&id) {
        return Some(id);
    }
    let wanted = typed.trim().to_lowercase();
    let mut named = catalogue.hit_clients.iter().filter(|(_, client)| client.name.to_lowercase() == wanted);
    match (named.next(), named.next()) {
        (Some((id, _)), None) => Some(id.clone()),
        _ => None,
    }
}

fn name(fields: &FieldRow) -> Option<String> {
    match fields.get(FieldId::Name).value() {
        Some(Value::Text(name)) => Some(name.to_string()),
        _ => None,
    }
}

/// Subjects name a status or a person by id, in front of what else they say.
fn value_name(catalogue: &Catalogue, code: IssueCode, subject: &Subject) -> Option<String> {
    let id = subject.value.as_deref()?.split(' ').next()?;
    let name = match code {
        IssueCode::HitStatusUnknown | IssueCode::HitStatusUnmapped => {
            &catalogue.hit_statuses.get(&HitStatusId::from(id))?.name
        }
        IssueCode::HaloStatusUnmapped => &catalogue.statuses.get(&id.parse().ok()?)?.name,
        _ => return None,
    };
    Some(name.to_string())
}
