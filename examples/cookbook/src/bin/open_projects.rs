//! Lists all open projects as they arrive, one line each.
//!
//! Shows: narrowing a list, streaming it, typed fields, and fields that the struct does not have.
//!
//! ```text
//! cargo run -p sandbox &                       # prints where it listens, as one line of JSON
//! export HALO_RESOURCE_SERVER=.. HALO_AUTHORISATION_SERVER=.. HALO_TENANT=.. HALO_CLIENT_ID=.. HALO_CLIENT_SECRET=..
//! cargo run -p cookbook --bin open_projects
//! ```

use std::io::{self, Write as _};
use std::process::ExitCode;

use cookbook::{Failure, HaloAccess, finish, wait_for};
use halo_client::Seen;
use halo_client::schema::Ticket;

fn main() -> ExitCode {
    finish(wait_for(run()))
}

async fn run() -> Result<(), Failure> {
    let client = HaloAccess::from_environment()?.client()?;
    let mut out = io::stdout().lock();

    // Nothing is sent until the stream is asked for its first row; a page is fetched when its turn comes.
    let mut projects = client.projects().list().open_only(true).stream();
    let mut count = 0_u32;
    while let Some(row) = projects.next().await {
        let project = match row {
            Ok(project) => project,
            // One row that cannot be read does not end the list. Any other error does.
            Err(error) if error.is_bad_record() => {
                writeln!(io::stderr(), "left out: {error}")?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };

        // The struct holds the everyday fields; what Halo writes for "not set" is `None` in it.
        let ticket = project.value();
        let id = ticket.id.map_or_else(|| "?".into(), |id| id.to_string());
        let client_name = ticket.client_name.as_deref().unwrap_or("no client");
        let summary = ticket.summary.as_deref().unwrap_or("no title");

        // Every other field is read by its constant, which knows its type and its other names.
        let budget = match project.get(Ticket::PROJECTMONEYBUDGET) {
            Seen::Value(amount) => format!("budget {amount}"),
            Seen::Absent | Seen::Null => "no budget".into(),
            Seen::Odd(raw) => format!("budget unreadable: {raw}"),
        };
        writeln!(out, "{id}  {client_name}  {summary}  ({budget})")?;
        count += 1;
    }
    writeln!(out, "{count} open projects")?;
    Ok(())
}
