//! Is everything set up as it must be? One [`Finding`] per precondition, with what was asked, what was answered, what
//! follows, and where to click.
//!
//! [`run`] asks both live systems in the order in which things depend on each other: addresses, token, scopes, the
//! agent, its teams, then what the settings name. A question whose precondition fails is not asked; its finding is
//! [`State::CannotTell`] and says which failure stands before it. Nothing is written anywhere, and nothing is asked
//! that would need a right beyond those the sync itself uses: what cannot be read stays unknown.
//!
//! Exit codes, see [`Report::exit`]: 0 when nothing fails (warnings and unknowns included); else that of the first
//! class with a failure: 11 addresses and tenant, 10 credentials, 12 configuration, 3 anything else.

mod agent;
mod clients;
mod command;
mod connect;
mod finding;
mod hit;
mod inputs;
mod ledger;
mod markdown;
mod parts;
mod rights;
mod settings;
mod teams;
mod text;
mod topics;

pub use self::command::{CheckArgs, command};
pub use self::finding::{Finding, Report, State, Summary};
pub use self::inputs::{HaloTarget, HitTarget, Inputs};
pub use self::parts::{Discovered, account, connection, discovery, halo_currency};
pub use self::topics::{Group, TOPICS, Topic, topic};

use self::ledger::Ledger;

/// Asks everything. Takes some forty requests of Halo and a handful of HumanizeIT.
///
/// # Cancel safety
/// Dropping the future changes nothing.
pub async fn run(inputs: &Inputs) -> Report {
    let mut ledger = Ledger::default();
    let mut halo = connect::halo(&inputs.halo, &mut ledger).await;
    let account = hit::connect(&inputs.hit, &mut ledger).await;
    hit::built_in(&inputs.hit, account.is_some(), &mut ledger).await;
    let mut me = None;
    if let Some(client) = &halo {
        match agent::ask(client, &mut ledger).await {
            agent::Asked::Me(found) => me = Some(found),
            agent::Asked::Silent => {}
            agent::Asked::Refused => halo = None,
        }
    }
    let read = settings::read(inputs, halo.as_ref(), account.is_some(), &mut ledger).await;
    settings::judge(inputs, &read, account.as_ref(), halo.as_ref(), &mut ledger).await;
    if let Some(client) = &halo {
        teams::judge(client, inputs, me.as_deref(), &read, &mut ledger).await;
        rights::judge(client, inputs, me.as_deref(), &mut ledger).await;
    }
    clients::judge(inputs, &read, &mut ledger);
    ledger.report()
}
