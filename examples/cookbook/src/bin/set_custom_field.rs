//! Sets one custom field on all open tickets of a client, and touches nothing else of them.
//!
//! Shows: custom fields on many records. Each record is read, its one field is changed, and all its custom fields
//! are written back, ten records with one request; every record has an outcome of its own.
//!
//! ```text
//! cargo run -p sandbox &                       # prints where it listens, as one line of JSON
//! export HALO_RESOURCE_SERVER=.. HALO_AUTHORISATION_SERVER=.. HALO_TENANT=.. HALO_CLIENT_ID=.. HALO_CLIENT_SECRET=..
//! cargo run -p cookbook --bin set_custom_field -- 11 CFCostCentre A-12
//! ```
//!
//! The arguments: the client's id, the field's name, its value. Exit code 1 if a ticket is not as it should be.

use std::io::{self, Write as _};
use std::process::ExitCode;

use cookbook::{Failure, HaloAccess, finish, wait_for};
use halo_client::resource::BatchOutcome;
use halo_client::schema::Ticket;

fn main() -> ExitCode {
    finish(wait_for(run()))
}

async fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [customer, field, value] = arguments.as_slice() else {
        return Err(Failure::Usage("set_custom_field CLIENT_ID CUSTOM_FIELD VALUE".into()));
    };
    let customer: i64 =
        customer.parse().map_err(|_| Failure::Usage(format!("{customer:?} is no id of a client.")))?;
    let client = HaloAccess::from_environment()?.client()?;
    let mut out = io::stdout().lock();

    let list = client.tickets().list().client_id(customer).open_only(true).order_by(Ticket::ID);
    let ids: Vec<_> = list.all().await?.iter().filter_map(|ticket| ticket.value().id).collect();

    let report = client.tickets().set_custom_field(field, value).on(&ids).await;

    let unchanged =
        report.outcomes().iter().filter(|outcome| matches!(outcome, BatchOutcome::Unchanged)).count();
    writeln!(
        out,
        "{} tickets: {} set, {unchanged} had the value already; {} requests",
        ids.len(),
        report.done() - unchanged,
        report.requests()
    )?;
    for (place, outcome) in report.failures() {
        let what = match outcome {
            BatchOutcome::Unknown(_) => "nobody knows; read it before trying again",
            BatchOutcome::Refused(_) => "refused",
            _ => "not sent",
        };
        let why = outcome.error().map(ToString::to_string).unwrap_or_default();
        writeln!(out, "{}: {what}: {why}", ids[place])?;
    }
    match report.failures().count() {
        0 => Ok(()),
        count => Err(Failure::Failed(format!("{count} tickets are not as they should be."))),
    }
}
