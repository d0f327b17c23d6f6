//! Prints a client's open projects that changed lately, each with its budget lines.
//!
//! Shows: reading only what changed, and the detail of a record, which says what its list row leaves out.
//!
//! ```text
//! cargo run -p sandbox &                       # prints where it listens, as one line of JSON
//! export HALO_RESOURCE_SERVER=.. HALO_AUTHORISATION_SERVER=.. HALO_TENANT=.. HALO_CLIENT_ID=.. HALO_CLIENT_SECRET=..
//! cargo run -p cookbook --bin changed_projects -- 11        # since this time yesterday
//! cargo run -p cookbook --bin changed_projects -- 11 720    # in the last 720 hours
//! ```
//!
//! The arguments: the client's id, and how many hours to look back, 24 unless given.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use cookbook::{Failure, HaloAccess, finish, wait_for};
use halo_client::schema::{Ticket, TicketBudget};
use halo_client::value::Decimal;

fn main() -> ExitCode {
    finish(wait_for(run()))
}

async fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (customer, hours) = match arguments.as_slice() {
        [customer] => (customer, "24"),
        [customer, hours] => (customer, hours.as_str()),
        _ => return Err(Failure::Usage("changed_projects CLIENT_ID [HOURS]".into())),
    };
    let customer: i64 =
        customer.parse().map_err(|_| Failure::Usage(format!("{customer:?} is no id of a client.")))?;
    let hours: u32 =
        hours.parse().map_err(|_| Failure::Usage(format!("{hours:?} is no number of hours.")))?;
    let client = HaloAccess::from_environment()?.client()?;
    let mut out = io::stdout().lock();

    let since = client.http().clock().wall() - Duration::from_secs(u64::from(hours) * 3600);

    // On a route that cannot list what changed, `changed_since` would not compile: Halo ignores filters that it
    // does not know, and would answer everything.
    let changed = client
        .projects()
        .list()
        .client_id(customer)
        .open_only(true)
        .changed_since(since)
        .order_by(Ticket::ID)
        .all()
        .await?;

    for row in &changed {
        let Some(id) = row.value().id else { continue };
        // Budget lines stand on the detail alone, one request each.
        let project = client.projects().get(id).includedetails(true).await?;
        let summary = project.value().summary.as_deref().unwrap_or("no title");
        writeln!(out, "{id}  {summary}")?;
        for line in project.value().budgets.iter().flatten() {
            writeln!(out, "    {}", budget(line.value()))?;
        }
    }
    writeln!(out, "{} open projects changed in the last {hours} hours", changed.len())?;
    Ok(())
}

/// A budget line and what was used of it.
fn budget(line: &TicketBudget) -> String {
    let number = |value: &Option<Decimal>| value.as_ref().map_or_else(|| "-".to_owned(), Decimal::to_string);
    format!(
        "{}: {} of {} hours, {} of {} money",
        line.budgettype_name.as_deref().unwrap_or("budget"),
        number(&line.actual_hours),
        number(&line.hours),
        number(&line.actual_money),
        number(&line.money),
    )
}
