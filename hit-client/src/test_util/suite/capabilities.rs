//! What an account shows with a capability, and that it refuses honestly without.

use rest_core::record::Seen;

use super::{Outcome, Trouble, World, day, expect, refused, same, unsupported, value};
use crate::api::{IdempotencyKey, ItemQuery};
use crate::error::{Error, code};
use crate::types::{
    BudgetLineWrite, BudgetPatch, Capability, ExternalReference, Frequency, ItemPatch, ReferenceFilter,
    ReferenceKey, ReferenceTarget, Version,
};

pub(super) async fn dates_and_effort(world: &World<'_>) -> Outcome {
    let start = day(5, 1)?;
    let made = world.api.create_item(&world.new_item("starts").start_date(start), None).await;
    if world.has(Capability::StartDate) {
        let made = made?;
        expect(value(&made.start_date) == Some(start), || format!("starts {:?}", made.start_date))?;
        let after = world.api.update_item(&made.id, &ItemPatch::new().start_date(None), None).await?;
        expect(matches!(after.start_date, Seen::Null), || format!("starts {:?}", after.start_date))?;
    } else {
        unsupported("a start date", made)?;
    }
    let made = world.api.create_item(&world.new_item("effort").effort_minutes(90), None).await;
    if world.has(Capability::Hours) {
        let made = made?;
        expect(value(&made.effort_minutes) == Some(90), || format!("{:?}", made.effort_minutes))?;
        let result = world.api.update_item(&made.id, &ItemPatch::new().effort_minutes(Some(-1)), None).await;
        refused("negative effort", result, Error::is_invalid)
    } else {
        unsupported("effort", made)
    }
}

pub(super) async fn recurring_budget(world: &World<'_>) -> Outcome {
    let Some(currency) = world.account.currency else {
        return Err(Trouble::Skip("the account has no currency".to_owned()));
    };
    let lines = [
        BudgetLineWrite::recurring("Watch", 4_900, Frequency::Monthly),
        BudgetLineWrite::recurring("Licence", 120_000, Frequency::Annual),
    ];
    let budget =
        BudgetPatch::in_currency(currency).one_time([BudgetLineWrite::once("Set-up", 1)]).recurring(lines);
    let made = world.api.create_item(&world.new_item("recurs").budget(budget), None).await;
    if !world.has(Capability::RecurringBudget) {
        return unsupported("a recurring budget", made);
    }
    let made = made?;
    let budget = value(&made.budget).ok_or_else(|| Trouble::Seen(format!("{:?}", made.budget)))?;
    expect(budget.recurring_total(&Frequency::Monthly) == Some(4_900), || format!("{budget:?}"))?;
    expect(budget.recurring_total(&Frequency::Annual) == Some(120_000), || format!("{budget:?}"))?;
    // A change of the one list leaves the other.
    let patch = BudgetPatch::in_currency(currency).one_time([]);
    let after = world.api.update_item(&made.id, &ItemPatch::new().budget(Some(patch)), None).await?;
    let after = value(&after.budget).ok_or_else(|| Trouble::Seen(format!("{:?}", after.budget)))?;
    expect(after.one_time.is_empty() && after.recurring == budget.recurring, || format!("{after:?}"))
}

pub(super) async fn conditional_writes(world: &World<'_>) -> Outcome {
    let made = world.create(world.new_item("version")).await?;
    let Some(first) = made.version() else {
        expect(!world.has(Capability::Etag), || "the item has no version".to_owned())?;
        return Err(Trouble::Skip("the account keeps no versions".to_owned()));
    };
    let patch = |name: &str| ItemPatch::new().name(format!("{} {name}", made.name));
    let second = world.api.update_item(&made.id, &patch("two"), Some(first)).await?;
    expect(second.version() > Some(first), || format!("{:?} follows {first}", second.version))?;
    for stale in [first, Version(i64::MAX)] {
        let result = world.api.update_item(&made.id, &patch("lost"), Some(stale)).await;
        refused("a write on a stale version", result, Error::is_precondition_failed)?;
    }
    same(&world.api.item(&made.id).await?, &second)
}

pub(super) async fn repeated_creates(world: &World<'_>) -> Outcome {
    if !world.has(Capability::Idempotency) {
        return Err(Trouble::Skip("the account has no idempotency keys".to_owned()));
    }
    let key = IdempotencyKey::new(format!("suite-{}", world.run))?;
    let new = world.new_item("once");
    let first = world.api.create_item(&new, Some(&key)).await?;
    world.api.update_item(&first.id, &ItemPatch::new().due_date(Some(day(3, 3)?)), None).await?;
    let again = world.api.create_item(&new, Some(&key)).await?;
    // The reply is the first one, whatever happened to the item since.
    same(&again, &first)?;
    let result = world.api.create_item(&world.new_item("another"), Some(&key)).await;
    refused("a key used for something else", result, |error| {
        error.is_invalid() && error.code() == Some(code::IDEMPOTENCY_KEY_REUSED)
    })?;
    // A refused create leaves the key free.
    let key = IdempotencyKey::new(format!("suite-refused-{}", world.run))?;
    let result = world.api.create_item(&world.new_item("x").status("no-such-status"), Some(&key)).await;
    refused("a missing status", result, Error::is_invalid)?;
    world.api.create_item(&new, Some(&key)).await?;
    Ok(())
}

fn taken(error: &Error) -> bool {
    error.is_conflict() && error.code() == Some(code::EXTERNAL_REFERENCE_TAKEN)
}

pub(super) async fn references(world: &World<'_>) -> Outcome {
    let key = ReferenceKey::halopsa("suite", "opportunity");
    let first = world.create(world.new_item("referred")).await?;
    let target = ReferenceTarget::new(format!("{}/1", world.run)).marker("HS1-SUITE");
    let put = world.api.put_external_reference(&first.id, &key, &target).await;
    if !world.has(Capability::ExternalReferences) {
        unsupported("a reference", put)?;
        let query = ItemQuery::new().external_reference(ReferenceFilter::any(key.clone()));
        unsupported("a search by reference", world.api.items_page(&query, None).await)?;
        return unsupported(
            "removing a reference",
            world.api.delete_external_reference(&first.id, &key).await,
        );
    }
    let put = put?;
    let wanted = vec![ExternalReference::new(key.clone(), target.clone())];
    expect(value(&put.external_references) == Some(wanted), || format!("{:?}", put.external_references))?;
    expect(value(&put.updated_at) >= value(&first.updated_at), || {
        "the item is older than before".to_owned()
    })?;
    same(&world.api.put_external_reference(&first.id, &key, &target).await?, &put)?;

    let query = ItemQuery::new().external_reference(ReferenceFilter::exactly(key.clone(), target.id.clone()));
    let found = world.listed(&query).await?;
    expect(found.len() == 1 && found[0].id == first.id, || format!("found {found:?}"))?;

    let second = world.create(world.new_item("also referred")).await?;
    refused("a taken record", world.api.put_external_reference(&second.id, &key, &target).await, taken)?;
    let project = ReferenceKey::halopsa("suite", "project");
    world.api.put_external_reference(&second.id, &project, &target).await?;

    let moved = ReferenceTarget::new(format!("{}/2", world.run));
    let put = world.api.put_external_reference(&first.id, &key, &moved).await?;
    let now = value(&put.external_references).unwrap_or_default();
    expect(now == [ExternalReference::new(key.clone(), moved)], || format!("replaced, but {now:?}"))?;
    expect(world.listed(&query).await?.is_empty(), || "the old target still finds it".to_owned())?;

    world.api.delete_external_reference(&first.id, &key).await?;
    world.api.delete_external_reference(&first.id, &key).await?;
    let left = value(&world.api.item(&first.id).await?.external_references);
    expect(left.as_ref().is_some_and(Vec::is_empty), || format!("{left:?} is left"))
}

pub(super) async fn references_in_a_create(world: &World<'_>) -> Outcome {
    let key = ReferenceKey::halopsa("suite", "imported");
    let url = "https://halo.example/tickets?id=1".parse().map_err(|_| Trouble::Seen("url".to_owned()))?;
    let target = ReferenceTarget::new(format!("{}/3", world.run)).url(url).marker("HS1-SUITE");
    let reference = ExternalReference::new(key, target);
    let new = world.new_item("imported").external_reference(reference.clone());
    let made = world.api.create_item(&new, None).await;
    if !world.has(Capability::ExternalReferences) {
        return unsupported("a create with a reference", made);
    }
    let made = made?;
    expect(value(&made.external_references) == Some(vec![reference]), || {
        format!("{:?}", made.external_references)
    })?;
    refused("a second create for one record", world.api.create_item(&new, None).await, taken)
}
