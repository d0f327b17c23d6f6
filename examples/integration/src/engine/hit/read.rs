//! HumanizeIT's records in the terms of `sync_core`.

use hit_client::{self as hit, Description, DescriptionFormat, Frequency, ReferenceKey, Seen, StatusClass};
use sync_core::catalogue::{Capabilities, HitClient, HitStatus, Member};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{HitClientId, HitStatusId, ItemId, Kind, MemberId};
use sync_core::marker::Marker;
use sync_core::record::{BudgetLines, ExternalRef, HitItem, Origin};
use sync_core::stamp::Stamp;
use sync_core::text;
use sync_core::value::{Currency, Money, Obs, Rich, Value};

/// An item as the planner wants it. What the reply did not carry stays "not fetched"; it is never blank.
#[must_use]
pub(super) fn item(item: &hit::Item, instance: &str) -> HitItem {
    let mut row = HitItem::new(ItemId::new(item.id.as_str()), HitClientId::new(item.client_id.as_str()));
    row.archived = item.is_archived();
    if let Seen::Value(of) = &item.origin {
        row.origin = origin(of);
    }
    row.version = item.version().map(|version| version.0.to_string().into());
    row.created = stamp(&item.created_at);
    row.last_update = stamp(&item.updated_at);
    row.url = seen(&item.url).map(|url| url.as_str().into());
    if let Seen::Value(references) = &item.external_references {
        // Another tenant's tickets are none of ours.
        let ours = |r: &&hit::ExternalReference| {
            &*r.key.system == ReferenceKey::HALOPSA && &*r.key.instance == instance
        };
        row.references = references.iter().filter(ours).map(reference).collect();
    }
    row.references_hidden = !matches!(item.external_references, Seen::Value(_) | Seen::Null);
    if let Seen::Value(budget) = &item.budget {
        row.currency = budget.currency.as_str().parse().ok();
        row.budget_lines = budget_lines(budget);
    }
    row.fields = fields(item, row.currency);
    row
}

fn fields(item: &hit::Item, currency: Option<Currency>) -> FieldRow {
    let mut row = FieldRow::new();
    row.set(FieldId::Name, text_value(&item.name));
    row.set(FieldId::Status, Obs::Value(Value::hit_status(&HitStatusId::new(item.status_id.as_str()))));
    row.set(FieldId::Description, obs(&item.description, description));
    row.set(
        FieldId::Responsible,
        obs(&item.responsible_id, |m| Some(Value::member(&MemberId::new(m.as_str())))),
    );
    row.set(FieldId::Start, obs(&item.start_date, |day| Some(Value::Date(*day))));
    row.set(FieldId::Due, obs(&item.due_date, |day| Some(Value::Date(*day))));
    row.set(FieldId::Hours, obs(&item.effort_minutes, |minutes| Some(Value::Minutes(*minutes))));
    match &item.budget {
        Seen::Value(budget) => {
            row.set(
                FieldId::BudgetOnce,
                money(!budget.one_time.is_empty(), budget.one_time_total(), currency),
            );
            if let Some(lines) = &budget.recurring {
                for (field, frequency) in
                    [(FieldId::BudgetMonthly, Frequency::Monthly), (FieldId::BudgetAnnual, Frequency::Annual)]
                {
                    let any = lines.iter().any(|line| line.frequency == frequency);
                    row.set(field, money(any, budget.recurring_total(&frequency), currency));
                }
            }
        }
        Seen::Null => {
            for field in [FieldId::BudgetOnce, FieldId::BudgetMonthly, FieldId::BudgetAnnual] {
                row.set(field, Obs::Null);
            }
        }
        Seen::Absent | Seen::Odd(_) => {}
    }
    row
}

/// The observation of a field that can be blank. A value of a kind that we cannot read is not an observation.
fn obs<T>(seen: &Seen<T>, read: impl Fn(&T) -> Option<Value>) -> Obs<Value> {
    match seen {
        Seen::Value(value) => Obs::from_seen(read(value)),
        Seen::Null => Obs::Null,
        Seen::Absent | Seen::Odd(_) => Obs::NotFetched,
    }
}

fn seen<T>(seen: &Seen<T>) -> Option<&T> {
    match seen {
        Seen::Value(value) => Some(value),
        _ => None,
    }
}

fn text_value(text: &str) -> Obs<Value> {
    let text = text::canonical_line(text);
    Obs::from_seen((!text.is_empty()).then(|| Value::text(text)))
}

fn description(description: &Description) -> Option<Value> {
    let rich = match description.format {
        DescriptionFormat::Html => {
            let html = text::sanitise_html(&description.body);
            Rich::html(text::html_to_text(&html), html)
        }
        _ => Rich::plain(text::canonical_block(&description.body)),
    };
    (!rich.text.is_empty()).then(|| Value::Rich(Box::new(rich)))
}

fn money(any: bool, total: Option<i64>, currency: Option<Currency>) -> Obs<Value> {
    match (any, total, currency) {
        (false, ..) => Obs::Null,
        (true, Some(minor), Some(currency)) => Obs::Value(Value::Money(Money { minor, currency })),
        // More than fits, or a currency that is none: nothing that could be compared.
        (true, ..) => Obs::NotFetched,
    }
}

fn budget_lines(budget: &hit::Budget) -> BudgetLines {
    let recurring = budget.recurring.as_deref().unwrap_or_default();
    let count =
        |frequency: &Frequency| clamp(recurring.iter().filter(|line| line.frequency == *frequency).count());
    BudgetLines {
        once: clamp(budget.one_time.len()),
        monthly: count(&Frequency::Monthly),
        annual: count(&Frequency::Annual),
    }
}

fn clamp(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn stamp(seen: &Seen<jiff::Timestamp>) -> Option<Stamp> {
    match seen {
        Seen::Value(instant) => Some(Stamp::hit(instant.as_millisecond())),
        _ => None,
    }
}

fn origin(origin: &hit::Origin) -> Origin {
    match origin {
        hit::Origin::GapAnalysis => Origin::GapAnalysis,
        hit::Origin::Budget => Origin::Budget,
        hit::Origin::PsaImport => Origin::PsaImport,
        hit::Origin::SmartScore => Origin::SmartScore,
        hit::Origin::Manual => Origin::Manual,
        other => Origin::Other(other.as_str().into()),
    }
}

fn reference(reference: &hit::ExternalReference) -> ExternalRef {
    let (key, target) = (&reference.key, &reference.target);
    ExternalRef {
        system: key.system.clone(),
        instance: key.instance.clone(),
        kind: Kind::ALL.into_iter().find(|kind| kind.name() == &*key.kind),
        id: target.id.clone(),
        url: target.url.as_ref().map(|url| url.as_str().into()),
        marker: target.marker.as_deref().and_then(Marker::parse),
    }
}

/// A status for the catalogue.
#[must_use]
pub(super) fn status(status: &hit::Status) -> (HitStatusId, HitStatus) {
    let class = match status.class {
        StatusClass::Opportunity => sync_core::catalogue::StatusClass::Opportunity,
        StatusClass::Project => sync_core::catalogue::StatusClass::Project,
        _ => sync_core::catalogue::StatusClass::Other,
    };
    let row = HitStatus {
        name: status.name.as_str().into(),
        class,
        initial: status.initial,
        sort_order: status.sort_order,
    };
    (HitStatusId::new(status.id.as_str()), row)
}

/// A client for the catalogue.
#[must_use]
pub(super) fn client(client: &hit::Client) -> (HitClientId, HitClient) {
    let row = HitClient {
        name: client.name.as_str().into(),
        domain: client.domain.as_deref().map(Into::into),
        archived: client.archived_at.is_some(),
    };
    (HitClientId::new(client.id.as_str()), row)
}

/// A team member for the catalogue.
#[must_use]
pub(super) fn member(member: &hit::TeamMember) -> (MemberId, Member) {
    let row = Member {
        name: member.name.as_str().into(),
        email: member.email.as_deref().map(Into::into),
        active: member.active,
    };
    (MemberId::new(member.id.as_str()), row)
}

/// What the account offers.
#[must_use]
pub(super) fn capabilities(account: &hit::Account) -> Capabilities {
    let has = |capability| account.capabilities.has(&capability);
    Capabilities {
        start_date: has(hit::Capability::StartDate),
        hours: has(hit::Capability::Hours),
        recurring_budget: has(hit::Capability::RecurringBudget),
        etag: has(hit::Capability::Etag),
        idempotency: has(hit::Capability::Idempotency),
        webhooks: has(hit::Capability::Webhooks),
        external_references: has(hit::Capability::ExternalReferences),
    }
}
