//! What all lists share: pages, order, search.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::wire::{Query, Reply};
use crate::world::Row;
use crate::world::store::number;

/// The largest page the server gives, whatever is asked.
const LARGEST: usize = 100;
/// Rows given when nothing is asked.
const DEFAULT: usize = 50;

/// Which part of a list to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) skip: usize,
    pub(super) take: usize,
    /// Page number and size, when the list is paged.
    pub(super) page: Option<(usize, usize)>,
}

impl Window {
    /// The window a query asks for, on a root that pages or not.
    pub(super) fn of(query: &Query, paged: bool) -> Self {
        let natural = |name: &str| query.int(name).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        if paged && query.flag("pageinate") {
            let size = natural("page_size").unwrap_or(DEFAULT).min(LARGEST);
            let number = natural("page_no").unwrap_or(1);
            return Self { skip: (number - 1).saturating_mul(size), take: size, page: Some((number, size)) };
        }
        let take = natural("count").unwrap_or(if paged { DEFAULT } else { usize::MAX });
        Self { skip: 0, take, page: None }
    }

    /// Wraps rows: an envelope under `key`, or the bare array.
    pub(super) fn wrap(&self, key: Option<&str>, total: usize, rows: Vec<Value>) -> Reply {
        let Some(key) = key else { return Reply::ok(&Value::Array(rows)) };
        // Past the last page the count is 0.
        let count = if rows.is_empty() && self.skip > 0 { 0 } else { total };
        let mut envelope = json!({"record_count": count, key: rows});
        if let Some((number, size)) = self.page {
            envelope["page_no"] = json!(number);
            envelope["page_size"] = json!(size);
        }
        Reply::ok(&envelope)
    }
}

/// The fields to order by, first to last, with descending.
pub(super) fn orders(query: &Query) -> Vec<(String, bool)> {
    ["", "2", "3", "4", "5"]
        .iter()
        .filter_map(|n| {
            let field = query.get(&format!("order{n}"))?.to_ascii_lowercase();
            Some((field, query.flag(&format!("orderdesc{n}"))))
        })
        .collect()
}

/// Compares two values of a column.
pub(super) fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let blank = |v: Option<&Value>| v.is_none_or(Value::is_null);
    match (blank(a), blank(b)) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => match (a, b) {
            (Some(Value::Number(_)), Some(Value::Number(_))) => {
                let (a, b) = (a.and_then(number).unwrap_or(0.0), b.and_then(number).unwrap_or(0.0));
                a.total_cmp(&b)
            }
            (Some(Value::String(a)), Some(Value::String(b))) => a.to_lowercase().cmp(&b.to_lowercase()),
            (Some(a), Some(b)) => a.to_string().cmp(&b.to_string()),
            _ => Ordering::Equal,
        },
    }
}

/// Sorts by columns, then by nothing: the order so far stands.
pub(super) fn sort(rows: &mut [&Row], orders: &[(String, bool)]) {
    if orders.is_empty() {
        return;
    }
    rows.sort_by(|a, b| {
        orders
            .iter()
            .map(|(field, down)| {
                let order = compare(a.get(field), b.get(field));
                if *down { order.reverse() } else { order }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
}

/// Whether any of the fields holds the text.
pub(super) fn holds(row: &Row, fields: &[&str], needle: &str) -> bool {
    let needle = needle.to_lowercase();
    fields.iter().any(|field| match row.get(*field) {
        Some(Value::String(s)) => s.to_lowercase().contains(&needle),
        Some(Value::Number(n)) => n.to_string() == needle,
        _ => false,
    })
}

/// One condition of an advanced search.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    name: String,
    kind: i64,
    value: Value,
}

/// The conditions of `advanced_search`; a name that is not allowed is refused.
pub(super) fn conditions(query: &Query, allowed: &[&str]) -> Result<Vec<Condition>, Reply> {
    let refused = || Reply::text(400, "Invalid advanced search parameter");
    let Some(text) = query.get("advanced_search") else { return Ok(Vec::new()) };
    let Ok(Value::Array(rows)) = serde_json::from_str::<Value>(text) else { return Err(refused()) };
    rows.iter()
        .map(|row| {
            let name = row.get("filter_name").and_then(Value::as_str).unwrap_or("").to_ascii_lowercase();
            let kind = row.get("filter_type").and_then(crate::world::store::whole).unwrap_or(2);
            if !allowed.contains(&name.as_str()) || !(0..=10).contains(&kind) {
                return Err(refused());
            }
            Ok(Condition { name, kind, value: row.get("filter_value").cloned().unwrap_or(Value::Null) })
        })
        .collect()
}

impl Condition {
    /// Whether a row satisfies the condition.
    pub(super) fn admits(&self, row: &Row) -> bool {
        let held = row.get(&self.name);
        let text =
            |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase();
        let have = held.map(text).unwrap_or_default();
        let want = text(&self.value);
        let among = || match &self.value {
            Value::Array(values) => values.iter().any(|v| text(v) == have),
            _ => want.split(',').any(|v| v.trim().trim_matches(['[', ']', '"']) == have),
        };
        let order = || match (held.and_then(number), number(&self.value)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => have.cmp(&want),
        };
        match self.kind {
            0 => among(),
            1 => !among(),
            2 | 6 => order().is_eq(),
            3 => order().is_ne(),
            4 => have.contains(want.trim_matches('%')),
            5 => !have.contains(want.trim_matches('%')),
            7 => order().is_gt(),
            8 => order().is_ge(),
            9 => order().is_lt(),
            _ => order().is_le(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_need_the_odd_spelling() {
        let window = |text: &str| Window::of(&Query::parse(text), true);
        assert_eq!(window("page_size=10&page_no=2"), Window { skip: 0, take: 50, page: None });
        assert_eq!(
            window("pageinate=true&page_size=1000&page_no=2"),
            Window { skip: 100, take: 100, page: Some((2, 100)) }
        );
        assert_eq!(window("paginate=true&count=7"), Window { skip: 0, take: 7, page: None });
    }
}
