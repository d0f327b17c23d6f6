//! How items are made and changed.

use http::StatusCode;
use rest_core::record::Seen;

use super::budget;
use super::state::{State, invalid, missing};
use crate::api::IdempotencyKey;
use crate::error::{Result, code, refused};
use crate::types::{
    Actor, ActorKind, Capability, Change, EventType, ExternalReference, Item, ItemId, ItemPatch, NewItem,
    Origin, ReferenceKey, StatusId, TeamMemberId, Version,
};

/// Puts a value into a field; whether that changed it.
fn put<T: PartialEq + Clone>(field: &mut Seen<T>, change: &Change<T>) -> bool {
    match change {
        Change::Keep => false,
        Change::Blank => {
            let changed = matches!(field, Seen::Value(_));
            *field = Seen::Null;
            changed
        }
        Change::Set(value) => {
            let changed = !matches!(field, Seen::Value(present) if present == value);
            *field = Seen::Value(value.clone());
            changed
        }
    }
}

fn given<T: Clone>(value: &Option<T>) -> Seen<T> {
    value.clone().map_or(Seen::Null, Seen::Value)
}

impl State {
    pub(super) fn create(&mut self, new: &NewItem, key: Option<&IdempotencyKey>, by: &Actor) -> Result<Item> {
        if let Some(item) = self.replay(&self.created, key, |sent| sent == new)? {
            return Ok(item);
        }
        self.check_name(&new.name)?;
        if self.clients.get(&new.client_id).is_none_or(|client| client.archived_at.is_some()) {
            return Err(invalid(code::UNKNOWN_CLIENT, format!("no live client {}", new.client_id)));
        }
        let status = match &new.status_id {
            Some(id) => self.check_status(id)?,
            None => {
                let initial = self.statuses.values().find(|status| status.initial);
                initial
                    .ok_or_else(|| invalid(code::UNKNOWN_STATUS, "no status is the initial one"))?
                    .id
                    .clone()
            }
        };
        self.check_member(new.responsible_id.as_ref())?;
        self.needs(&Capability::StartDate, new.start_date.is_some())?;
        self.needs(&Capability::Hours, new.effort_minutes.is_some())?;
        self.check_minutes(new.effort_minutes)?;
        let recurring = new.budget.as_ref().is_some_and(|budget| budget.recurring.is_some());
        self.needs(&Capability::RecurringBudget, recurring)?;
        self.needs(&Capability::ExternalReferences, !new.external_references.is_empty())?;
        let change = new.budget.clone().map_or(Change::Keep, Change::Set);
        let currency = self.account.currency;
        let budget = budget::changed(&Seen::Null, &change, currency, &mut || self.next_id("bl"))?;
        for (index, reference) in new.external_references.iter().enumerate() {
            if new.external_references[..index].iter().any(|other| other.key == reference.key) {
                return Err(invalid(code::INVALID_VALUE, "two references of the same kind"));
            }
            self.check_reference(None, reference)?;
        }
        let now = self.tick();
        let mut item = Item::new(self.next_id("it"), new.client_id.clone(), new.name.clone(), status);
        item.due_date = given(&new.due_date);
        item.responsible_id = given(&new.responsible_id);
        item.pillar = Seen::Null;
        item.origin =
            Seen::Value(if by.kind == ActorKind::User { Origin::Manual } else { Origin::PsaImport });
        item.template_id = Seen::Null;
        item.description = given(&new.description);
        item.start_date = given(&new.start_date);
        item.effort_minutes = given(&new.effort_minutes);
        item.budget = budget;
        item.external_references = Seen::Value(new.external_references.clone());
        item.url = Seen::Null;
        item.created_at = Seen::Value(now);
        item.updated_at = Seen::Value(now);
        item.updated_by = Seen::Value(by.clone());
        item.version = Seen::Value(Version(1));
        item.archived_at = Seen::Null;
        self.items.insert(item.id.clone(), item.clone());
        self.tell(EventType::ItemCreated, Some(&item), item.version());
        let shown = self.shown(&item);
        if let Some(key) = key.filter(|_| self.has(&Capability::Idempotency)) {
            self.created.insert(key.as_str().into(), (new.clone(), shown.clone()));
        }
        Ok(shown)
    }

    fn check_name(&self, name: &str) -> Result<()> {
        if name.trim().is_empty() || name.chars().count() > 255 {
            return Err(invalid(code::INVALID_VALUE, "a name has 1 to 255 characters"));
        }
        Ok(())
    }

    fn check_minutes(&self, minutes: Option<i64>) -> Result<()> {
        if minutes.is_some_and(|minutes| minutes < 0) {
            return Err(invalid(code::INVALID_VALUE, "effort is not negative"));
        }
        Ok(())
    }

    fn check_status(&self, id: &StatusId) -> Result<StatusId> {
        let status = self.statuses.get(id);
        status
            .map(|status| status.id.clone())
            .ok_or_else(|| invalid(code::UNKNOWN_STATUS, format!("no status {id}")))
    }

    fn check_member(&self, id: Option<&TeamMemberId>) -> Result<()> {
        match id {
            Some(id) if self.members.get(id).is_none_or(|member| !member.active) => {
                Err(invalid(code::UNKNOWN_TEAM_MEMBER, format!("no active team member {id}")))
            }
            _ => Ok(()),
        }
    }

    /// A record of the other system belongs to at most one live item.
    fn check_reference(&self, of: Option<&ItemId>, reference: &ExternalReference) -> Result<()> {
        let holds = |item: &&Item| match &item.external_references {
            Seen::Value(held) => {
                held.iter().any(|held| held.key == reference.key && held.target.id == reference.target.id)
            }
            _ => false,
        };
        let others = self.items.values().filter(|item| Some(&item.id) != of && !item.is_archived());
        match others.into_iter().find(holds) {
            Some(other) => Err(refused(
                StatusCode::CONFLICT,
                code::EXTERNAL_REFERENCE_TAKEN,
                format!("the record belongs to item {}", other.id),
            )),
            None => Ok(()),
        }
    }

    fn live(&self, id: &ItemId) -> Result<&Item> {
        let item = self.items.get(id).ok_or_else(|| missing("item"))?;
        if item.is_archived() {
            return Err(refused(StatusCode::CONFLICT, code::ITEM_ARCHIVED, "the item has left its roadmap"));
        }
        Ok(item)
    }

    pub(super) fn update(
        &mut self,
        id: &ItemId,
        patch: &ItemPatch,
        expected: Option<Version>,
        by: &Actor,
    ) -> Result<Item> {
        let present = self.items.get(id).ok_or_else(|| missing("item"))?;
        self.check_version(present.version(), expected)?;
        let mut item = self.live(id)?.clone();
        let mut changed = false;
        if let Some(name) = &patch.name {
            self.check_name(name)?;
            changed |= item.name != *name;
            item.name.clone_from(name);
        }
        if let Some(status) = &patch.status_id {
            let status = self.check_status(status)?;
            changed |= item.status_id != status;
            item.status_id = status;
        }
        if let Change::Set(member) = &patch.responsible_id {
            self.check_member(Some(member))?;
        }
        if let Change::Set(minutes) = &patch.effort_minutes {
            self.check_minutes(Some(*minutes))?;
        }
        self.needs(&Capability::StartDate, !patch.start_date.is_keep())?;
        self.needs(&Capability::Hours, !patch.effort_minutes.is_keep())?;
        let recurring = matches!(&patch.budget, Change::Set(budget) if budget.recurring.is_some());
        self.needs(&Capability::RecurringBudget, recurring)?;
        changed |= put(&mut item.due_date, &patch.due_date);
        changed |= put(&mut item.responsible_id, &patch.responsible_id);
        changed |= put(&mut item.description, &patch.description);
        changed |= put(&mut item.start_date, &patch.start_date);
        changed |= put(&mut item.effort_minutes, &patch.effort_minutes);
        let currency = self.account.currency;
        let budget = budget::changed(&item.budget, &patch.budget, currency, &mut || self.next_id("bl"))?;
        changed |= match (&budget, &item.budget) {
            (Seen::Value(new), Seen::Value(old)) => new != old,
            (Seen::Null, Seen::Null) => false,
            _ => true,
        };
        item.budget = budget;
        Ok(self.store(item, changed, EventType::ItemUpdated, by))
    }

    /// Stores a changed item with its new stamps; one that is as it was stays untouched.
    fn store(&mut self, mut item: Item, changed: bool, event: EventType, by: &Actor) -> Item {
        if changed {
            item.updated_at = Seen::Value(self.tick());
            item.updated_by = Seen::Value(by.clone());
            item.version = Seen::Value(Version(item.version().map_or(1, |version| version.0 + 1)));
            self.items.insert(item.id.clone(), item.clone());
            self.tell(event, Some(&item), item.version());
        }
        self.shown(&item)
    }

    pub(super) fn archive(&mut self, id: &ItemId, archived: bool, by: &Actor) -> Result<Item> {
        let mut item = self.items.get(id).ok_or_else(|| missing("item"))?.clone();
        let changed = item.is_archived() != archived;
        item.archived_at = if archived { Seen::Value(self.now) } else { Seen::Null };
        let event = if archived { EventType::ItemArchived } else { EventType::ItemUpdated };
        Ok(self.store(item, changed, event, by))
    }

    pub(super) fn put_reference(
        &mut self,
        id: &ItemId,
        reference: ExternalReference,
        by: &Actor,
    ) -> Result<Item> {
        self.needs_route(&Capability::ExternalReferences)?;
        let mut item = self.live(id)?.clone();
        self.check_reference(Some(id), &reference)?;
        let mut references = held(&item);
        let changed = match references.iter_mut().find(|held| held.key == reference.key) {
            Some(held) if *held == reference => false,
            Some(held) => {
                *held = reference;
                true
            }
            None => {
                references.push(reference);
                references.sort_by(|a, b| a.key.cmp(&b.key));
                true
            }
        };
        item.external_references = Seen::Value(references);
        Ok(self.store(item, changed, EventType::ItemUpdated, by))
    }

    pub(super) fn delete_reference(&mut self, id: &ItemId, key: &ReferenceKey, by: &Actor) -> Result<()> {
        self.needs_route(&Capability::ExternalReferences)?;
        let mut item = self.items.get(id).ok_or_else(|| missing("item"))?.clone();
        let mut references = held(&item);
        let before = references.len();
        references.retain(|held| held.key != *key);
        let changed = references.len() != before;
        item.external_references = Seen::Value(references);
        self.store(item, changed, EventType::ItemUpdated, by);
        Ok(())
    }
}

fn held(item: &Item) -> Vec<ExternalReference> {
    match &item.external_references {
        Seen::Value(references) => references.clone(),
        _ => Vec::new(),
    }
}
