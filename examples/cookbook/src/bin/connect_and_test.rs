//! Connects to Halo and tells what it finds: the first thing to run against a new instance.
//!
//! Shows: building a client, the first token, who the token stands for, and how an error says what to do.
//!
//! ```text
//! cargo run -p sandbox &                       # prints where it listens, as one line of JSON
//! export HALO_RESOURCE_SERVER=.. HALO_AUTHORISATION_SERVER=.. HALO_TENANT=.. HALO_CLIENT_ID=.. HALO_CLIENT_SECRET=..
//! cargo run -p cookbook --bin connect_and_test
//! ```

use std::io::{self, Write as _};
use std::process::ExitCode;

use cookbook::{Failure, HaloAccess, finish, wait_for};
use halo_client::Error;

fn main() -> ExitCode {
    finish(wait_for(run()))
}

async fn run() -> Result<(), Failure> {
    // Mistakes in the addresses (a missing /auth, a misplaced /api) are found here, before anything is sent.
    let client = HaloAccess::from_environment()?.client()?;

    // A token shows that addresses, tenant, credentials and scopes are right. Later calls would fetch it unasked.
    client.authenticate().await.map_err(explained)?;

    let mut out = io::stdout().lock();
    writeln!(out, "Connected to {}", client.resource_server())?;

    // Every field may be missing: rights decide what an application sees.
    let instance = client.instance_info().await?;
    if let Some(version) = &instance.value().app_version {
        writeln!(out, "Halo {version}")?;
    }

    let me = client.agents().me().await?;
    let me = me.value();
    let name = me.name.as_deref().unwrap_or("an agent whose name is not shown");
    match me.isapiagent {
        Some(true) => writeln!(out, "Logged in as {name}, who is for applications only")?,
        Some(false) => {
            writeln!(out, "Logged in as {name}, who is a person: use an API-only agent for programs")?
        }
        None => writeln!(out, "Logged in as {name}")?,
    }

    // Rows that the agent may not see are left out of lists without a word, so a count is worth a look.
    let open = client.tickets().list().open_only(true).page_size(1).first_page().await?;
    match open.total {
        Some(count) => writeln!(out, "Sees {count} open tickets")?,
        None => writeln!(out, "Sees open tickets, and the server does not count them")?,
    }
    Ok(())
}

/// What to do about the failures that are typical of a first connection.
fn explained(error: Error) -> Failure {
    let advice = match error.code() {
        Some("invalid_client") => "check the client id and secret, and that the application is active",
        Some("invalid_scope") => "give the application the scope all:standard",
        Some("tenant_unknown") => "check the tenant: it is the first part of the instance's host name",
        Some("authorisation_server_not_found") => "check the authorisation server: it ends in /auth",
        _ if error.is_not_sent() => "check the host, and that this machine reaches it",
        _ => return error.into(),
    };
    Failure::Failed(format!("{}; {advice}", Failure::from(error)))
}
