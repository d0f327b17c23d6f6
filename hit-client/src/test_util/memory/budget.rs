//! How budgets change: lists are replaced whole, ids of present lines stay.

use rest_core::record::Seen;

use super::state::invalid;
use crate::error::{Result, code};
use crate::types::{Budget, BudgetLine, BudgetLineWrite, BudgetPatch, Change, Currency, Frequency};

/// The budget after a change. `next_id` names new lines; `fallback` is the account's currency.
pub(super) fn changed(
    present: &Seen<Budget>,
    change: &Change<BudgetPatch>,
    fallback: Option<Currency>,
    next_id: &mut dyn FnMut() -> String,
) -> Result<Seen<Budget>> {
    let patch = match change {
        Change::Keep => return Ok(present.clone()),
        Change::Blank => return Ok(Seen::Null),
        Change::Set(patch) => patch,
    };
    let present = match present {
        Seen::Value(budget) => Some(budget),
        _ => None,
    };
    let own = present.map(|budget| budget.currency).or(fallback);
    let currency = match (patch.currency, own) {
        (Some(given), Some(own)) if given != own => {
            return Err(invalid(
                code::CURRENCY_MISMATCH,
                format!("the item's currency is {own}, not {given}"),
            ));
        }
        (Some(currency), _) | (None, Some(currency)) => currency,
        (None, None) => {
            return Err(invalid(code::CURRENCY_MISMATCH, "neither item nor account has a currency"));
        }
    };
    let none = Vec::new();
    let one_time_now = present.map_or(&none, |budget| &budget.one_time);
    let recurring_now = present.and_then(|budget| budget.recurring.as_ref()).unwrap_or(&none);
    let one_time = lines(one_time_now, patch.one_time.as_deref(), true, next_id)?;
    let recurring = lines(recurring_now, patch.recurring.as_deref(), false, next_id)?;
    if one_time.is_empty() && recurring.is_empty() {
        return Ok(Seen::Null);
    }
    let mut budget = Budget::new(currency, one_time);
    budget.recurring = Some(recurring);
    Ok(Seen::Value(budget))
}

fn lines(
    present: &[BudgetLine],
    sent: Option<&[BudgetLineWrite]>,
    one_time: bool,
    next_id: &mut dyn FnMut() -> String,
) -> Result<Vec<BudgetLine>> {
    let Some(sent) = sent else { return Ok(present.to_vec()) };
    let mut lines: Vec<BudgetLine> = Vec::with_capacity(sent.len());
    for line in sent {
        let continued = match &line.id {
            None => None,
            Some(id) => Some(
                present
                    .iter()
                    .find(|line| line.id == *id)
                    .filter(|_| lines.iter().all(|line| line.id != *id))
                    .ok_or_else(|| invalid(code::UNKNOWN_BUDGET_LINE, format!("no budget line {id}")))?,
            ),
        };
        let frequency = match (&line.frequency, continued) {
            (Some(frequency), _) => frequency.clone(),
            (None, Some(line)) => line.frequency.clone(),
            (None, None) if one_time => Frequency::Once,
            (None, None) => return Err(invalid(code::REQUIRED, "a new recurring line needs a frequency")),
        };
        if (frequency == Frequency::Once) != one_time {
            return Err(invalid(code::INVALID_VALUE, "this frequency does not belong into this list"));
        }
        let id = continued.map_or_else(|| next_id().into(), |line| line.id.clone());
        lines.push(BudgetLine::new(id, line.label.clone(), line.amount_minor, frequency));
    }
    Ok(lines)
}
