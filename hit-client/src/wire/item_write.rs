//! Roadmap items as requests write them.

use jiff::civil::Date;
use serde::Serialize;

use super::{Patched, patched};
use crate::types::{
    BudgetLineWrite, BudgetPatch, Description, ExternalReference, ItemPatch, NewItem, ReferenceTarget,
};

/// `Description`.
#[derive(Serialize)]
struct DescriptionBody<'a> {
    format: &'a str,
    body: &'a str,
}

impl<'a> From<&'a Description> for DescriptionBody<'a> {
    fn from(description: &'a Description) -> Self {
        Self { format: description.format.as_str(), body: &description.body }
    }
}

/// `BudgetPatch`.
#[derive(Serialize)]
struct BudgetBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_time: Option<Vec<LineBody<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurring: Option<Vec<LineBody<'a>>>,
}

/// `BudgetLineWrite`.
#[derive(Serialize)]
struct LineBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    label: &'a str,
    amount_minor: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency: Option<&'a str>,
}

impl<'a> From<&'a BudgetPatch> for BudgetBody<'a> {
    fn from(patch: &'a BudgetPatch) -> Self {
        let lines = |lines: &'a Vec<BudgetLineWrite>| lines.iter().map(LineBody::from).collect();
        Self {
            currency: patch.currency.as_ref().map(|currency| currency.as_str()),
            one_time: patch.one_time.as_ref().map(lines),
            recurring: patch.recurring.as_ref().map(lines),
        }
    }
}

impl<'a> From<&'a BudgetLineWrite> for LineBody<'a> {
    fn from(line: &'a BudgetLineWrite) -> Self {
        Self {
            id: line.id.as_ref().map(|id| id.as_str()),
            label: &line.label,
            amount_minor: line.amount_minor,
            frequency: line.frequency.as_ref().map(|frequency| frequency.as_str()),
        }
    }
}

/// The reference of a create: `NewExternalReference`.
#[derive(Serialize)]
struct ReferenceBody<'a> {
    system: &'a str,
    instance: &'a str,
    kind: &'a str,
    #[serde(flatten)]
    target: TargetBody<'a>,
}

impl<'a> From<&'a ExternalReference> for ReferenceBody<'a> {
    fn from(reference: &'a ExternalReference) -> Self {
        Self {
            system: &reference.key.system,
            instance: &reference.key.instance,
            kind: &reference.key.kind,
            target: (&reference.target).into(),
        }
    }
}

/// `ExternalReferenceTarget`.
#[derive(Serialize)]
pub(crate) struct TargetBody<'a> {
    id: &'a str,
    url: Option<&'a str>,
    marker: Option<&'a str>,
}

impl<'a> From<&'a ReferenceTarget> for TargetBody<'a> {
    fn from(target: &'a ReferenceTarget) -> Self {
        Self {
            id: &target.id,
            url: target.url.as_ref().map(|url| url.as_str()),
            marker: target.marker.as_deref(),
        }
    }
}

/// `NewRoadmapItem`.
#[derive(Serialize)]
pub(crate) struct NewItemBody<'a> {
    client_id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responsible_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<DescriptionBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hours_minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<BudgetBody<'a>>,
    // Left out when empty: a server without the capability refuses the property itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<ReferenceBody<'a>>,
}

impl<'a> From<&'a NewItem> for NewItemBody<'a> {
    fn from(item: &'a NewItem) -> Self {
        Self {
            client_id: item.client_id.as_str(),
            name: &item.name,
            status_id: item.status_id.as_ref().map(|id| id.as_str()),
            due_date: item.due_date,
            responsible_id: item.responsible_id.as_ref().map(|id| id.as_str()),
            description: item.description.as_ref().map(Into::into),
            start_date: item.start_date,
            hours_minutes: item.effort_minutes,
            budget: item.budget.as_ref().map(Into::into),
            external_references: item.external_references.iter().map(Into::into).collect(),
        }
    }
}

/// `RoadmapItemPatch`.
#[derive(Serialize)]
pub(crate) struct ItemPatchBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Patched<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responsible_id: Patched<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Patched<DescriptionBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Patched<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hours_minutes: Patched<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Patched<BudgetBody<'a>>,
}

impl<'a> From<&'a ItemPatch> for ItemPatchBody<'a> {
    fn from(patch: &'a ItemPatch) -> Self {
        Self {
            name: patch.name.as_deref(),
            status_id: patch.status_id.as_ref().map(|id| id.as_str()),
            due_date: patched(&patch.due_date, |date| *date),
            responsible_id: patched(&patch.responsible_id, |id| id.as_str()),
            description: patched(&patch.description, Into::into),
            start_date: patched(&patch.start_date, |date| *date),
            hours_minutes: patched(&patch.effort_minutes, |minutes| *minutes),
            budget: patched(&patch.budget, Into::into),
        }
    }
}
