//! Prints who waits for whom, read into a ticket type of this program's own.
//!
//! Shows: one's own row type instead of the library's. It is plain serde: Halo's names, one's own types, and no
//! field that is not needed. Typed ids and the fields' constants work with it as with the library's.
//!
//! ```text
//! cargo run -p sandbox &                       # prints where it listens, as one line of JSON
//! export HALO_RESOURCE_SERVER=.. HALO_AUTHORISATION_SERVER=.. HALO_TENANT=.. HALO_CLIENT_ID=.. HALO_CLIENT_SECRET=..
//! cargo run -p cookbook --bin own_ticket
//! ```

use std::io::{self, Write as _};
use std::process::ExitCode;

use cookbook::{Failure, HaloAccess, finish, wait_for};
use halo_client::rest_core::record::lenient;
use halo_client::schema::{Agent, Status, Ticket};
use halo_client::value::Time;
use halo_client::{Id, Seen};

/// What this program wants to know of a ticket.
#[derive(Debug, serde::Deserialize)]
struct Waiting {
    // Ids are read from `12`, `12.0` and `"12"`, as servers send all three.
    id: Id<Ticket>,
    // A row without a summary is an error with `is_bad_record()`, and the list goes on.
    summary: String,
    // With `lenient`, something else than expected is `None`, and does not cost the row.
    #[serde(default, deserialize_with = "lenient")]
    status_id: Option<Id<Status>>,
    #[serde(default, deserialize_with = "lenient")]
    agent_id: Option<Id<Agent>>,
    // Replies to writes call it `lastupdate`.
    #[serde(default, alias = "lastupdate", deserialize_with = "lenient")]
    last_update: Option<Time>,
}

impl Waiting {
    /// In a type of one's own, what Halo writes for "nobody" and "never" is for oneself to know.
    fn agent(&self) -> Option<Id<Agent>> {
        self.agent_id.filter(|agent| agent.get() != 1)
    }

    fn touched(&self) -> Option<Time> {
        self.last_update.filter(|time| !time.is_unset())
    }
}

fn main() -> ExitCode {
    finish(wait_for(run()))
}

async fn run() -> Result<(), Failure> {
    let client = HaloAccess::from_environment()?.client()?;
    let mut out = io::stdout().lock();

    let mut tickets = client.tickets().list().open_only(true).rows_as::<Waiting>().stream();
    while let Some(row) = tickets.next().await {
        let record = match row {
            Ok(record) => record,
            Err(error) if error.is_bad_record() => {
                writeln!(io::stderr(), "left out: {error}")?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let ticket = record.value();
        let agent = ticket.agent().map_or_else(|| "nobody".to_owned(), |agent| format!("agent {agent}"));
        let touched = ticket.touched().map_or_else(|| "never".to_owned(), |time| time.to_string());
        let status = ticket.status_id.map_or_else(|| "?".to_owned(), |status| status.to_string());
        // What the type leaves out is still in the record.
        let client_name = match record.get(Ticket::CLIENT_NAME) {
            Seen::Value(name) => name,
            _ => "no client".to_owned(),
        };
        writeln!(
            out,
            "{}  {client_name} waits for {agent}, status {status}, touched {touched}: {}",
            ticket.id, ticket.summary
        )?;
    }
    Ok(())
}
