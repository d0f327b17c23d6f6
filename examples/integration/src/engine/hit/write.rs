//! Values of `sync_core` as changes of HumanizeIT's records.

use hit_client::{
    self as hit, Budget, BudgetLineWrite, BudgetPatch, Change, Description, Frequency, ItemPatch, NewItem,
    Seen,
};
use sync_core::base::CreateSpec;
use sync_core::field::{FieldId, FieldRow};
use sync_core::value::{Money, Obs, Rich, Value};

/// A write that cannot be expressed. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unwritable {
    /// HumanizeIT has several budget lines and there is one number.
    #[error(
        "the item's budget has {0} lines of this kind and Halo has one number; change the lines in HumanizeIT"
    )]
    ManyLines(usize),
    /// The value is of a kind that this field does not hold.
    #[error("the field {0} cannot hold this value")]
    WrongKind(FieldId),
    /// The amount is in another currency than the item.
    #[error("the item's budget is in another currency")]
    Currency,
}

/// The change that makes an item hold `set`. `current` is the item as it was just read: its budget lines are kept
/// line by line, because the server replaces whole lists.
///
/// # Errors
/// [`Unwritable`], if a value does not fit.
pub(super) fn patch(current: &hit::Item, set: &FieldRow) -> Result<ItemPatch, Unwritable> {
    let mut patch = ItemPatch::new();
    let budget = match &current.budget {
        Seen::Value(budget) => Some(budget),
        _ => None,
    };
    for (field, obs) in set.iter() {
        let Some(value) = obs.seen() else { continue };
        match (field, value) {
            (FieldId::Name, Some(Value::Text(name))) => patch.name = Some(name.to_string()),
            (FieldId::Status, Some(Value::Code(status))) => {
                patch.status_id = Some(hit::StatusId::new(status.clone()))
            }
            (FieldId::Description, value) => patch.description = change(field, value, description)?,
            (FieldId::Responsible, value) => {
                patch.responsible_id = change(field, value, |value| match value {
                    Value::Ref(member) => Some(hit::TeamMemberId::new(member.clone())),
                    _ => None,
                })?;
            }
            (FieldId::Start, value) => patch.start_date = change(field, value, date)?,
            (FieldId::Due, value) => patch.due_date = change(field, value, date)?,
            (FieldId::Hours, value) => patch.effort_minutes = change(field, value, minutes)?,
            (FieldId::BudgetOnce | FieldId::BudgetMonthly | FieldId::BudgetAnnual, value) => {
                let money = match value {
                    Some(Value::Money(money)) => Some(*money),
                    None => None,
                    Some(_) => return Err(Unwritable::WrongKind(field)),
                };
                let one = budget_change(budget, field, money, &current.name)?;
                patch.budget = Change::Set(merge(patch.budget, one));
            }
            _ => return Err(Unwritable::WrongKind(field)),
        }
    }
    Ok(patch)
}

/// A new item for a ticket that is imported.
///
/// # Errors
/// [`Unwritable`], if a value does not fit or the payload has no name.
pub(super) fn new_item(spec: &CreateSpec, payload: &FieldRow) -> Result<NewItem, Unwritable> {
    let Obs::Value(Value::Text(name)) = payload.get(FieldId::Name) else {
        return Err(Unwritable::WrongKind(FieldId::Name));
    };
    let mut item = NewItem::new(hit::ClientId::new(spec.client.as_str()), name.to_string());
    for (field, obs) in payload.iter() {
        let Some(value) = obs.value() else { continue };
        match (field, value) {
            (FieldId::Name | FieldId::LinkBack, _) => {}
            (FieldId::Status, Value::Code(status)) => {
                item.status_id = Some(hit::StatusId::new(status.clone()))
            }
            (FieldId::Description, value) => item.description = description(value),
            (FieldId::Responsible, Value::Ref(member)) => {
                item.responsible_id = Some(hit::TeamMemberId::new(member.clone()));
            }
            (FieldId::Start, Value::Date(day)) => item.start_date = Some(*day),
            (FieldId::Due, Value::Date(day)) => item.due_date = Some(*day),
            (FieldId::Hours, Value::Minutes(minutes)) => item.effort_minutes = Some(*minutes),
            (FieldId::BudgetOnce | FieldId::BudgetMonthly | FieldId::BudgetAnnual, Value::Money(money)) => {
                let one = budget_change(None, field, Some(*money), name)?;
                let before = item.budget.take().map_or(Change::Keep, Change::Set);
                item.budget = Some(merge(before, one));
            }
            _ => return Err(Unwritable::WrongKind(field)),
        }
    }
    Ok(item)
}

fn change<T>(
    field: FieldId,
    value: Option<&Value>,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Change<T>, Unwritable> {
    match value {
        None => Ok(Change::Blank),
        Some(value) => read(value).map(Change::Set).ok_or(Unwritable::WrongKind(field)),
    }
}

fn date(value: &Value) -> Option<jiff::civil::Date> {
    match value {
        Value::Date(day) => Some(*day),
        _ => None,
    }
}

fn minutes(value: &Value) -> Option<i64> {
    match value {
        Value::Minutes(minutes) => Some(*minutes),
        _ => None,
    }
}

fn description(value: &Value) -> Option<Description> {
    match value {
        Value::Rich(rich) => Some(match &**rich {
            Rich { html: Some(html), .. } => Description::html(html.to_string()),
            rich => Description::text(rich.text.to_string()),
        }),
        Value::Text(text) => Some(Description::text(text.to_string())),
        _ => None,
    }
}

/// The lists that make the sum of one kind of line what it should be, all other lines as they stand.
fn budget_change(
    budget: Option<&Budget>,
    field: FieldId,
    money: Option<Money>,
    label: &str,
) -> Result<BudgetPatch, Unwritable> {
    let frequency = match field {
        FieldId::BudgetMonthly => Frequency::Monthly,
        FieldId::BudgetAnnual => Frequency::Annual,
        _ => Frequency::Once,
    };
    let once = field == FieldId::BudgetOnce;
    let mut patch = BudgetPatch::default();
    patch.currency = match (budget, money) {
        (Some(budget), Some(money)) if budget.currency.as_str() != money.currency.as_str() => {
            return Err(Unwritable::Currency);
        }
        (Some(budget), _) => Some(budget.currency),
        (None, Some(money)) => hit::Currency::new(money.currency.as_str()),
        (None, None) => None,
    };
    let lines = match (budget, once) {
        (Some(budget), true) => budget.one_time.as_slice(),
        (Some(budget), false) => budget.recurring.as_deref().unwrap_or_default(),
        (None, _) => &[],
    };
    let mine = |line: &hit::BudgetLine| once || line.frequency == frequency;
    let count = lines.iter().filter(|line| mine(line)).count();
    if count > 1 {
        return Err(Unwritable::ManyLines(count));
    }
    let mut list = Vec::new();
    for line in lines {
        match (mine(line), money) {
            (false, _) => list.push(BudgetLineWrite::from(line)),
            (true, Some(money)) => {
                let mut write = BudgetLineWrite::from(line);
                write.amount_minor = money.minor;
                list.push(write);
            }
            (true, None) => {}
        }
    }
    if let (0, Some(money)) = (count, money) {
        list.push(if once {
            BudgetLineWrite::once(label, money.minor)
        } else {
            BudgetLineWrite::recurring(label, money.minor, frequency)
        });
    }
    Ok(if once { patch.one_time(list) } else { patch.recurring(list) })
}

/// Two changes of one budget in one: a later recurring list replaces the earlier one's lines of its own frequency.
fn merge(earlier: Change<BudgetPatch>, later: BudgetPatch) -> BudgetPatch {
    let Change::Set(mut all) = earlier else { return later };
    all.currency = later.currency.or(all.currency);
    if later.one_time.is_some() {
        all.one_time = later.one_time;
    }
    all.recurring = match (all.recurring.take(), later.recurring) {
        (Some(earlier), Some(later)) => Some(merge_lines(earlier, later)),
        (earlier, later) => later.or(earlier),
    };
    all
}

/// Both lists came from the same present lines, each with another line changed, added or left out.
fn merge_lines(earlier: Vec<BudgetLineWrite>, later: Vec<BudgetLineWrite>) -> Vec<BudgetLineWrite> {
    // The fields come in the order monthly, annual: of annual lines the later list knows better, of all others the
    // earlier one does.
    let annual = |line: &BudgetLineWrite| line.frequency == Some(Frequency::Annual);
    let mut lines: Vec<_> = earlier.into_iter().filter(|line| !annual(line)).collect();
    lines.extend(later.into_iter().filter(annual));
    lines
}
