//! Which field of one product means the same as which of the other. Written down from the products' own
//! words, without a look at any engine.

use crate::world::Side;

/// What a field means, the same word on both sides; none for fields that have no counterpart.
#[must_use]
pub fn meaning(side: Side, field: &str) -> Option<&'static str> {
    match side {
        Side::Halo => match field {
            "summary" => Some("name"),
            "details" | "details_html" => Some("description"),
            "status_id" => Some("status"),
            "agent_id" => Some("responsible"),
            "startdate" => Some("start"),
            "targetdate" => Some("due"),
            "oppvalue_oneoff" | "oppvalue" | "projectmoneybudget" => Some("one-time money"),
            "oppvalue_monthly" | "oppvalue_annual" => Some("recurring money"),
            "projecttimebudget" => Some("hours"),
            _ => None,
        },
        Side::Hit => match field {
            "name" => Some("name"),
            "description" => Some("description"),
            "status_id" => Some("status"),
            "responsible_id" => Some("responsible"),
            "start_date" => Some("start"),
            "due_date" => Some("due"),
            "budget.one_time" => Some("one-time money"),
            "budget.recurring" => Some("recurring money"),
            "hours_minutes" => Some("hours"),
            _ => None,
        },
    }
}

/// Fields without a counterpart that a person's value must survive in all the same. The remaining ones
/// follow from others (dates of closing, workflow steps, sums), so their change says nothing.
#[must_use]
pub fn is_guarded(side: Side, field: &str) -> bool {
    side == Side::Halo
        && matches!(
            field,
            "client_id"
                | "site_id"
                | "user_id"
                | "team"
                | "customfields"
                | "milestones"
                | "todo_list"
                | "assets"
                | "budgets"
        )
        || side == Side::Hit && matches!(field, "pillar" | "client_id" | "origin")
}
