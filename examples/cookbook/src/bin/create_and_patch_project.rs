//! Creates a project with a custom field, and changes it.
//!
//! Shows: finding a ticket type, writes that cannot hit the wrong record, custom fields (which are read, changed and
//! written back as a whole), and what to do when the outcome of a write is unknown.
//!
//! ```text
//! cargo run -p sandbox &                       # prints where it listens, as one line of JSON
//! export HALO_RESOURCE_SERVER=.. HALO_AUTHORISATION_SERVER=.. HALO_TENANT=.. HALO_CLIENT_ID=.. HALO_CLIENT_SECRET=..
//! cargo run -p cookbook --bin create_and_patch_project -- 11 "New firewall" CFCostCentre A-12
//! ```
//!
//! The arguments: the client's id, the title, the name of a custom field of projects, its value.

use std::io::{self, Write as _};
use std::process::ExitCode;

use cookbook::{Failure, HaloAccess, finish, wait_for};
use halo_client::schema::{Ticket, TicketType};
use halo_client::{Client, CustomFields, Id, New, Patch};

fn main() -> ExitCode {
    finish(wait_for(run()))
}

async fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [customer, title, field, value] = arguments.as_slice() else {
        return Err(Failure::Usage("create_and_patch_project CLIENT_ID TITLE CUSTOM_FIELD VALUE".into()));
    };
    let customer: i64 =
        customer.parse().map_err(|_| Failure::Usage(format!("{customer:?} is no id of a client.")))?;
    let client = HaloAccess::from_environment()?.client()?;
    let mut out = io::stdout().lock();

    let kind = project_type(&client).await?;
    let new = New::<Ticket>::record()
        .set(Ticket::SUMMARY, title)
        .set(Ticket::CLIENT_ID, customer)
        .set(Ticket::TICKETTYPE_ID, kind)
        // Nobody is mailed about a project that a program makes.
        .set(Ticket::SENDACK, false)
        .replace(Ticket::CUSTOMFIELDS, CustomFields::none().set(field, value.as_str()));
    let saved = match client.projects().create(&new).await {
        Ok(saved) => saved,
        // The request may have been carried out although no answer came: trying again could make two.
        Err(error) if error.is_outcome_unknown() => {
            return Err(Failure::Failed(format!("{error}; look for {title:?} in Halo before trying again.")));
        }
        Err(error) => return Err(error.into()),
    };
    let id = saved.id().ok_or_else(|| Failure::Failed("Halo did not say the new project's id.".into()))?;
    writeln!(out, "created project {id}")?;
    if let Some(warning) = saved.warning() {
        writeln!(out, "Halo remarked: {warning}")?;
    }

    // Custom fields are written as a whole, so they are read first. `includedetails` makes the server send them.
    let detail = client.projects().get(id).includedetails(true).await?;
    let changed = format!("{value} (checked)");
    let fields = CustomFields::of(&detail, Ticket::CUSTOMFIELDS)?.set(field, &changed);

    // A patch sends what it sets and nothing else. It cannot exist without an id: Halo would take the lack of one
    // for a new record.
    let patch = Patch::<Ticket>::of(id)
        .set(Ticket::CLIENT_REFERENCE, "cookbook")
        .replace(Ticket::CUSTOMFIELDS, fields);
    client.projects().update(&patch).await?;

    // The reply to a write is not the last word (workflows may act on it), the record is.
    let detail = client.projects().get(id).includedetails(true).await?;
    writeln!(out, "reference: {}", detail.value().client_reference.as_deref().unwrap_or("none"))?;
    let kept = detail
        .value()
        .customfields
        .iter()
        .flatten()
        .find(|row| row.value().name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(field)));
    match kept.and_then(|row| row.value().value.as_ref()) {
        Some(value) => writeln!(out, "{field}: {}", value.as_str())?,
        // Halo passes over names of custom fields that it does not know, or that the type does not show.
        None => writeln!(out, "{field}: not kept; is there such a custom field on projects?")?,
    }
    Ok(())
}

/// The first type of projects that this application may create tickets of.
async fn project_type(client: &Client) -> Result<Id<TicketType>, Failure> {
    // 22 is ITIL's "project"; 23, tasks of projects, are something else.
    const PROJECT: i64 = 22;
    let types = client.ticket_types().list().all().await?;
    types
        .iter()
        .map(|row| row.value())
        .find(|kind| kind.itilrequesttype == Some(PROJECT) && kind.cancreate != Some(false))
        .and_then(|kind| kind.id)
        .ok_or_else(|| {
            Failure::Failed("There is no ticket type for projects that this application sees.".into())
        })
}
