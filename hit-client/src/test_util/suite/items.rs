//! What every account shows.

use std::collections::BTreeMap;

use rest_core::record::Seen;

use super::{Outcome, Trouble, World, day, expect, refused, same, value};
use crate::api::ItemQuery;
use crate::error::Error;
use crate::types::{
    BudgetLineWrite, BudgetPatch, Capability, Currency, Description, ItemId, ItemPatch, NewItem,
};

pub(super) async fn a_create_shows_what_was_sent(world: &World<'_>) -> Outcome {
    let due = day(6, 30)?;
    let new = world
        .new_item("whole")
        .status(world.statuses[1].clone())
        .due_date(due)
        .responsible(world.member.clone())
        .description(Description::html("<p>Öl &amp; Gas</p>"));
    let made = world.create(new.clone()).await?;
    expect(made.client_id == new.client_id && made.name == new.name, || format!("{made:?}"))?;
    expect(made.status_id == world.statuses[1], || format!("the status is {}", made.status_id))?;
    expect(value(&made.due_date) == Some(due), || format!("due {:?}", made.due_date))?;
    expect(value(&made.responsible_id).as_ref() == Some(&world.member), || {
        format!("{:?}", made.responsible_id)
    })?;
    expect(value(&made.description) == new.description, || format!("{:?}", made.description))?;
    expect(matches!(made.budget, Seen::Null), || format!("a budget out of nothing: {:?}", made.budget))?;
    expect(!made.is_archived(), || "it was born archived".to_owned())?;
    same(&world.api.item(&made.id).await?, &made)
}

pub(super) async fn a_bare_create_starts_at_the_initial_status(world: &World<'_>) -> Outcome {
    let made = world.create(world.new_item("bare")).await?;
    expect(made.status_id == world.statuses[0], || format!("it starts at {}", made.status_id))?;
    expect(matches!(made.due_date, Seen::Null), || format!("due {:?}", made.due_date))
}

pub(super) async fn a_patch_changes_what_it_mentions_and_nothing_else(world: &World<'_>) -> Outcome {
    let new = world.new_item("patched").due_date(day(1, 31)?).description(Description::text("as before"));
    let before = world.create(new).await?;
    let patch = ItemPatch::new().name(format!("{} (renamed)", before.name)).status(world.statuses[1].clone());
    let after = world.api.update_item(&before.id, &patch, None).await?;
    expect(Some(&after.name) == patch.name.as_ref(), || format!("its name is {}", after.name))?;
    expect(after.status_id == world.statuses[1], || format!("its status is {}", after.status_id))?;
    expect(value(&after.due_date) == value(&before.due_date), || format!("due {:?}", after.due_date))?;
    expect(value(&after.description) == value(&before.description), || format!("{:?}", after.description))?;
    // Two changes within the resolution of the server's clock carry one stamp.
    expect(value(&after.updated_at) >= value(&before.updated_at), || {
        format!("changed at {:?}, before {:?}", after.updated_at, before.updated_at)
    })?;
    same(&world.api.item(&before.id).await?, &after)
}

pub(super) async fn a_blank_is_null(world: &World<'_>) -> Outcome {
    let new = world.new_item("blanked").due_date(day(1, 31)?).responsible(world.member.clone());
    let made = world.create(new.description(Description::text("x"))).await?;
    let patch = ItemPatch::new().due_date(None).responsible(None).description(None);
    let after = world.api.update_item(&made.id, &patch, None).await?;
    let blank = matches!(
        (&after.due_date, &after.responsible_id, &after.description),
        (Seen::Null, Seen::Null, Seen::Null)
    );
    expect(blank, || format!("{after:?}"))
}

pub(super) async fn a_patch_of_the_same_values_leaves_no_trace(world: &World<'_>) -> Outcome {
    let before = world.create(world.new_item("same").due_date(day(2, 1)?)).await?;
    let patch =
        ItemPatch::new().name(before.name.clone()).due_date(value(&before.due_date)).description(None);
    let after = world.api.update_item(&before.id, &patch, None).await?;
    same(&after, &before)
}

fn currency(world: &World<'_>) -> Result<Currency, Trouble> {
    world.account.currency.ok_or_else(|| Trouble::Skip("the account has no currency".to_owned()))
}

pub(super) async fn budget_lists_are_replaced_whole(world: &World<'_>) -> Outcome {
    let currency = currency(world)?;
    let two = [BudgetLineWrite::once("Hardware", 249_900), BudgetLineWrite::once("Labour", -5)];
    let made = world
        .create(world.new_item("money").budget(BudgetPatch::in_currency(currency).one_time(two)))
        .await?;
    let budget = value(&made.budget).ok_or_else(|| Trouble::Seen(format!("{:?}", made.budget)))?;
    expect(budget.currency == currency && budget.one_time_total() == Some(249_895), || {
        format!("{budget:?}")
    })?;

    let labour = budget.one_time[1].id.clone();
    let patch = BudgetPatch::amount(&budget, &labour, i64::MAX)
        .ok_or_else(|| Trouble::Seen("the line vanished".to_owned()))?;
    let after = world.api.update_item(&made.id, &ItemPatch::new().budget(Some(patch)), None).await?;
    let after = value(&after.budget).ok_or_else(|| Trouble::Seen("the budget vanished".to_owned()))?;
    expect(after.one_time[0] == budget.one_time[0], || format!("the other line changed: {after:?}"))?;
    expect(after.one_time[1].id == labour && after.one_time[1].amount_minor == i64::MAX, || {
        format!("{after:?}")
    })?;

    let one = BudgetPatch::in_currency(currency).one_time([BudgetLineWrite::from(&after.one_time[1])]);
    let after = world.api.update_item(&made.id, &ItemPatch::new().budget(Some(one)), None).await?;
    let left = value(&after.budget).map(|budget| budget.one_time.len());
    expect(left == Some(1), || format!("{left:?} lines are left"))?;

    let mut foreign = BudgetLineWrite::once("Hardware", 1);
    foreign.id = Some(budget.one_time[0].id.clone());
    let foreign = BudgetPatch::in_currency(currency).one_time([foreign]);
    let result = world.api.update_item(&made.id, &ItemPatch::new().budget(Some(foreign)), None).await;
    refused("a removed line's id", result, Error::is_invalid)?;

    let none = BudgetPatch::default().one_time([]);
    let after = world.api.update_item(&made.id, &ItemPatch::new().budget(Some(none)), None).await?;
    expect(matches!(after.budget, Seen::Null), || format!("no line is left, and yet {:?}", after.budget))
}

pub(super) async fn a_foreign_currency_is_refused(world: &World<'_>) -> Outcome {
    let own = currency(world)?;
    let foreign =
        [Currency::new("SEK"), Currency::new("NOK")].into_iter().flatten().find(|code| *code != own);
    let Some(foreign) = foreign else { return Ok(()) };
    let made = world.create(world.new_item("foreign money")).await?;
    let budget = BudgetPatch::in_currency(foreign).one_time([BudgetLineWrite::once("x", 1)]);
    let result = world.api.update_item(&made.id, &ItemPatch::new().budget(Some(budget)), None).await;
    refused("a foreign currency", result, Error::is_invalid)
}

pub(super) async fn every_item_is_listed_once_in_pages_of_any_size(world: &World<'_>) -> Outcome {
    let mut mine = Vec::new();
    for index in 0..5 {
        mine.push(world.create(world.new_item(&format!("listed {index}"))).await?);
    }
    // From the first of them on, so that a well-filled account does not make this slow.
    let mut query = ItemQuery::new().client(world.clients[0].clone());
    query.updated_since = value(&mine[0].updated_at);
    for size in [1, 2, 5, 200] {
        let listed = world.listed(&query.clone().page_size(size)).await?;
        let mut times: BTreeMap<&ItemId, u32> = BTreeMap::new();
        for item in &listed {
            *times.entry(&item.id).or_default() += 1;
        }
        for item in &mine {
            let times = times.get(&item.id).copied().unwrap_or_default();
            expect(times == 1, || format!("{} came {times} times in pages of {size}", item.id))?;
        }
        for item in listed.iter().filter(|item| mine.iter().any(|mine| mine.id == item.id)) {
            let known = mine.iter().find(|mine| mine.id == item.id);
            same(item, known.unwrap_or(item))?;
        }
    }
    Ok(())
}

pub(super) async fn lists_keep_to_their_filters(world: &World<'_>) -> Outcome {
    let other = NewItem::new(world.clients[1].clone(), world.new_item("elsewhere").name);
    let other = world.create(other.status(world.statuses[1].clone())).await?;
    let by_client = world.listed(&ItemQuery::new().client(world.clients[1].clone())).await?;
    expect(by_client.iter().any(|item| item.id == other.id), || "the client's item is missing".to_owned())?;
    let stray = by_client.iter().find(|item| item.client_id != world.clients[1]);
    expect(stray.is_none(), || format!("{stray:?} is another client's"))?;
    let query = ItemQuery::new().client(world.clients[1].clone()).status(world.statuses[1].clone());
    let by_status = world.listed(&query).await?;
    expect(by_status.iter().any(|item| item.id == other.id), || "the status' item is missing".to_owned())?;
    let stray = by_status.iter().find(|item| item.status_id != world.statuses[1]);
    expect(stray.is_none(), || format!("{stray:?} is in another status"))?;
    let both = query.status(world.statuses[0].clone());
    let both = world.listed(&both).await?;
    expect(both.len() >= by_status.len(), || "a second status made the list shorter".to_owned())?;
    let archived = both.iter().find(|item| item.is_archived());
    expect(archived.is_none(), || format!("{archived:?} left the roadmap"))
}

pub(super) async fn updated_since_includes_its_instant(world: &World<'_>) -> Outcome {
    let earlier = world.create(world.new_item("before")).await?;
    let item = world.create(world.new_item("at the instant")).await?;
    let Some(stamp) = value(&item.updated_at) else {
        return Err(Trouble::Seen(format!("no stamp: {:?}", item.updated_at)));
    };
    expect(stamp.as_nanosecond() % 1_000_000 == 0, || format!("{stamp} has more than milliseconds"))?;
    let listed = world.listed(&ItemQuery::new().updated_since(stamp)).await?;
    expect(listed.iter().any(|row| row.id == item.id), || format!("{} is missing at {stamp}", item.id))?;
    // Two writes within one millisecond share their stamp.
    if value(&earlier.updated_at) < Some(stamp) {
        expect(listed.iter().all(|row| row.id != earlier.id), || {
            format!("{} is older than {stamp}", earlier.id)
        })?;
    }
    Ok(())
}

pub(super) async fn what_does_not_exist_is_refused(world: &World<'_>) -> Outcome {
    let nobody = "no-such-record";
    refused("a missing item", world.api.item(&nobody.into()).await, Error::is_not_found)?;
    let result = world.api.update_item(&nobody.into(), &ItemPatch::new().name("x"), None).await;
    refused("a patch of a missing item", result, Error::is_not_found)?;
    let result = world.api.create_item(&NewItem::new(nobody, "x"), None).await;
    refused("a missing client", result, Error::is_invalid)?;
    let result = world.api.create_item(&world.new_item("x").status(nobody), None).await;
    refused("a missing status", result, Error::is_invalid)?;
    let result = world.api.create_item(&world.new_item("x").responsible(nobody), None).await;
    refused("a missing team member", result, Error::is_invalid)?;
    let result = world.api.create_item(&NewItem::new(world.clients[0].clone(), "  "), None).await;
    refused("a blank name", result, Error::is_invalid)?;
    if world.has(Capability::Etag) {
        let item = world.create(world.new_item("untouched")).await?;
        let result = world.api.update_item(&item.id, &ItemPatch::new().status(nobody), None).await;
        refused("a patch to a missing status", result, Error::is_invalid)?;
        same(&world.api.item(&item.id).await?, &item)?;
    }
    Ok(())
}
