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
mod ask;
mod clients;
mod command;
mod connect;
mod finding;
mod hit;
mod hooks;
mod hours;
mod inputs;
mod ledger;
mod mail;
mod markdown;
mod parts;
mod probe;
mod product;
mod rights;
pub mod role;
mod running;
mod settings;
mod teams;
mod text;
mod topics;

pub(crate) use self::ask::raw;
pub(crate) use self::command::Kept;
pub use self::command::{CheckArgs, command};
pub(crate) use self::connect::plainly;
pub use self::finding::{Finding, Report, State, Summary};
pub(crate) use self::hours::Workday;
pub use self::inputs::{HaloTarget, HitTarget, Hooks, Inputs, Sent};
pub use self::parts::{Discovered, account, connection, discovery, halo_currency};
pub use self::role::Role;
pub use self::topics::{Group, TOPICS, Topic, topic};

use self::ledger::Ledger;
use crate::engine::halo::HaloSide;
use crate::engine::halo::read::Reading;

/// Asks everything. Takes some seventy requests of Halo, four of them for each sales or
/// project type that it has, and a handful of HumanizeIT.
///
/// # Cancel safety
/// Dropping the future changes nothing.
pub async fn run(inputs: &Inputs) -> Report {
    look(inputs).await.ledger.report()
}

/// Asks everything, and where `write` says so tries on a probe ticket what only a write shows. Also in words what
/// would be written, or why nothing can be.
///
/// # Cancel safety
/// Dropping the future between two writes may leave the probe ticket with another status. The next probe sets out from
/// there.
pub async fn run_with_writes(inputs: &Inputs, write: bool) -> (Report, Result<String, &'static str>) {
    let mut looked = look(inputs).await;
    let target = probe::target(inputs, &looked.read).map(|target| target.words);
    if let (true, Some(client)) = (write, looked.halo) {
        let reading = Reading {
            zone: None,
            currency: None,
            kinds: Default::default(),
            tasks: Default::default(),
            closed: Default::default(),
        };
        let side = HaloSide::new(client, inputs.marker, reading);
        side.know(&looked.read.catalogue, &looked.read.found);
        let account = looked.account.as_deref().unwrap_or_default();
        probe::judge(inputs, &looked.read, account, &side, &mut looked.ledger).await;
    }
    (looked.ledger.report(), target)
}

/// The least role that the settings in force need, with the names of types, teams and departments as far as Halo can
/// be read.
///
/// # Cancel safety
/// Dropping the future changes nothing.
pub async fn role(inputs: &Inputs) -> Role {
    let mut ledger = Ledger::default();
    let halo = connect::halo(&inputs.halo, &mut ledger).await;
    let read = settings::read(inputs, halo.as_ref(), false, &mut ledger).await;
    role::role(inputs, &read)
}

/// What came of looking.
struct Looked {
    ledger: Ledger,
    read: settings::Read,
    halo: Option<halo_client::Client>,
    /// The HumanizeIT account's id.
    account: Option<String>,
}

/// Asks everything that needs no write.
async fn look(inputs: &Inputs) -> Looked {
    let mut ledger = Ledger::default();
    let mut halo = connect::halo(&inputs.halo, &mut ledger).await;
    hooks::scope(inputs, &mut ledger).await;
    let account = hit::connect(&inputs.hit, &mut ledger).await;
    hit::built_in(&inputs.hit, &inputs.halo, account.is_some(), &mut ledger).await;
    let mut me = None;
    if let Some(client) = &halo {
        match agent::ask(client, &mut ledger).await {
            agent::Asked::Me(found) => me = Some(found),
            agent::Asked::Silent => {}
            agent::Asked::Refused => halo = None,
        }
    }
    if let Some(client) = &halo {
        product::judge(&inputs.halo, client, &mut ledger).await;
        rights::doors(client, inputs, &mut ledger).await;
    }
    let readable = halo.as_ref().filter(|_| ledger.before("halo_unreadable").is_none());
    let read = settings::read(inputs, readable, account.is_some(), &mut ledger).await;
    settings::judge(inputs, &read, account.as_ref(), halo.as_ref(), &mut ledger).await;
    mail::judge(inputs, &read, &mut ledger);
    if let Some(client) = &halo {
        let followed = match read.halo {
            true => teams::followed(client, inputs, &read).await,
            false => Vec::new(),
        };
        teams::judge(me.as_deref(), &read, &followed, &mut ledger);
        rights::judge(client, inputs, me.as_deref(), &read, &followed, &mut ledger).await;
        hooks::judge(inputs, client, &mut ledger).await;
    }
    clients::judge(inputs, &read, &mut ledger);
    running::judge(inputs, halo.as_ref(), &mut ledger).await;
    for code in [probe::FOUND, probe::KEPT] {
        if ledger.before(code).is_none() {
            ledger.cannot_tell(code, "reading does not show it; `halo-hit check --probe-writes` tries it");
        }
    }
    Looked { ledger, read, halo, account: account.map(|account| account.id.to_string()) }
}
