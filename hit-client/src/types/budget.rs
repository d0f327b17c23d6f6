//! Money of an item: lines of integer minor units in one currency.

use std::fmt;

use crate::types::{BudgetLineId, open::open_enum};

/// An ISO 4217 currency code. Only its form is checked: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency of this code, or `None` when it is not three capital ASCII letters.
    pub fn new(code: &str) -> Option<Self> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        // Three ASCII letters, by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Currency({})", self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let code = String::deserialize(d)?;
        Self::new(&code)
            .ok_or_else(|| serde::de::Error::custom("a currency is three capital letters, as in ISO 4217"))
    }
}

open_enum! {
    /// How often an amount falls due.
    Frequency {
        /// Once; the lines of [`Budget::one_time`].
        Once = "once",
        /// Every month.
        Monthly = "monthly",
        /// Every year.
        Annual = "annual",
    }
}

/// One line of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetLine {
    /// The line, within its item.
    pub id: BudgetLineId,
    /// What it is for; may be empty.
    pub label: String,
    /// The amount in minor units of the budget's currency (cents, pence, yen); may be negative.
    pub amount_minor: i64,
    /// How often it falls due.
    pub frequency: Frequency,
}

impl BudgetLine {
    /// A line.
    pub fn new(
        id: impl Into<BudgetLineId>,
        label: impl Into<String>,
        amount_minor: i64,
        frequency: Frequency,
    ) -> Self {
        Self { id: id.into(), label: label.into(), amount_minor, frequency }
    }
}

/// The money of an item. It has at least one line; an item without lines has no budget.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// The currency of every line.
    pub currency: Currency,
    /// Lines that fall due once, in the user's order.
    pub one_time: Vec<BudgetLine>,
    /// Lines that recur, in the user's order; `None` when the server does not carry them, which is
    /// not the same as having none.
    pub recurring: Option<Vec<BudgetLine>>,
}

impl Budget {
    /// A budget of these one-time lines, from a server that carries no recurring ones.
    pub fn new(currency: Currency, one_time: Vec<BudgetLine>) -> Self {
        Self { currency, one_time, recurring: None }
    }

    /// The sum of the one-time lines in minor units; `None` when it does not fit an `i64`.
    pub fn one_time_total(&self) -> Option<i64> {
        sum(self.one_time.iter())
    }

    /// The sum of the recurring lines of this frequency in minor units; `None` when the server does
    /// not carry recurring lines or the sum does not fit an `i64`.
    pub fn recurring_total(&self, frequency: &Frequency) -> Option<i64> {
        sum(self.recurring.as_ref()?.iter().filter(|line| line.frequency == *frequency))
    }
}

fn sum<'a>(mut lines: impl Iterator<Item = &'a BudgetLine>) -> Option<i64> {
    lines.try_fold(0i64, |sum, line| sum.checked_add(line.amount_minor))
}

/// One line to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetLineWrite {
    /// The present line that this one continues; `None` makes a new line.
    pub id: Option<BudgetLineId>,
    /// What it is for.
    pub label: String,
    /// The amount in minor units.
    pub amount_minor: i64,
    /// How often it falls due. `None` keeps a present line's; a new recurring line needs one.
    pub frequency: Option<Frequency>,
}

impl BudgetLineWrite {
    /// A new line that falls due once.
    pub fn once(label: impl Into<String>, amount_minor: i64) -> Self {
        Self { id: None, label: label.into(), amount_minor, frequency: None }
    }

    /// A new line that recurs.
    pub fn recurring(label: impl Into<String>, amount_minor: i64, frequency: Frequency) -> Self {
        Self { id: None, label: label.into(), amount_minor, frequency: Some(frequency) }
    }
}

impl From<&BudgetLine> for BudgetLineWrite {
    /// The line as it stands.
    fn from(line: &BudgetLine) -> Self {
        Self {
            id: Some(line.id.clone()),
            label: line.label.clone(),
            amount_minor: line.amount_minor,
            frequency: Some(line.frequency.clone()),
        }
    }
}

/// A change of a budget. A list that is given **replaces the whole list** on the server: lines whose
/// id is not in it are removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetPatch {
    /// The currency the writer means; refused when it is not the item's. `None` leaves it to the server.
    pub currency: Option<Currency>,
    /// All one-time lines from now on; `None` leaves them.
    pub one_time: Option<Vec<BudgetLineWrite>>,
    /// All recurring lines from now on; `None` leaves them.
    pub recurring: Option<Vec<BudgetLineWrite>>,
}

impl BudgetPatch {
    /// A change that so far leaves both lists, and is refused for an item in another currency.
    pub fn in_currency(currency: Currency) -> Self {
        Self { currency: Some(currency), ..Self::default() }
    }

    /// Replaces all one-time lines.
    #[must_use]
    pub fn one_time(mut self, lines: impl IntoIterator<Item = BudgetLineWrite>) -> Self {
        self.one_time = Some(lines.into_iter().collect());
        self
    }

    /// Replaces all recurring lines.
    #[must_use]
    pub fn recurring(mut self, lines: impl IntoIterator<Item = BudgetLineWrite>) -> Self {
        self.recurring = Some(lines.into_iter().collect());
        self
    }

    /// The change that gives one line another amount and keeps every other line of its list as it is
    /// in `budget`; `None` when the budget has no such line.
    ///
    /// Send it with the version that `budget` was read at: a line added meanwhile would be removed.
    pub fn amount(budget: &Budget, line: &BudgetLineId, amount_minor: i64) -> Option<Self> {
        let replaced = |lines: &[BudgetLine]| {
            lines.iter().any(|l| l.id == *line).then(|| {
                lines
                    .iter()
                    .map(|l| {
                        let mut write = BudgetLineWrite::from(l);
                        if l.id == *line {
                            write.amount_minor = amount_minor;
                        }
                        write
                    })
                    .collect::<Vec<_>>()
            })
        };
        let patch = Self::in_currency(budget.currency);
        if let Some(lines) = replaced(&budget.one_time) {
            return Some(patch.one_time(lines));
        }
        budget.recurring.as_deref().and_then(replaced).map(|lines| patch.recurring(lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        let mut budget = Budget::new(
            Currency::new("EUR").unwrap(),
            vec![
                BudgetLine::new("a", "Firewall", 100, Frequency::Once),
                BudgetLine::new("b", "Labour", 50, Frequency::Once),
            ],
        );
        budget.recurring = Some(vec![
            BudgetLine::new("c", "Watch", 7, Frequency::Monthly),
            BudgetLine::new("d", "Licence", 80, Frequency::Annual),
        ]);
        budget
    }

    #[test]
    fn currency_is_three_capital_letters() {
        assert!(Currency::new("USD").is_some());
        for bad in ["", "usd", "US", "USDX", "U5D", "€UR"] {
            assert!(Currency::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn totals_are_per_frequency_and_never_wrap() {
        let mut budget = budget();
        assert_eq!(budget.one_time_total(), Some(150));
        assert_eq!(budget.recurring_total(&Frequency::Monthly), Some(7));
        assert_eq!(budget.recurring_total(&Frequency::Annual), Some(80));
        budget.recurring = None;
        assert_eq!(budget.recurring_total(&Frequency::Monthly), None);
        budget.one_time[0].amount_minor = i64::MAX;
        assert_eq!(budget.one_time_total(), None);
    }

    #[test]
    fn changing_one_amount_resends_its_whole_list_and_leaves_the_other() {
        let patch = BudgetPatch::amount(&budget(), &"d".into(), 90).unwrap();
        assert_eq!(patch.one_time, None);
        let lines = patch.recurring.unwrap();
        assert_eq!(lines.iter().map(|l| l.amount_minor).collect::<Vec<_>>(), [7, 90]);
        assert!(lines.iter().all(|l| l.id.is_some()));
        assert!(BudgetPatch::amount(&budget(), &"nope".into(), 1).is_none());
    }
}
