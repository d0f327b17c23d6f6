//! The command `demo`: the whole integration at work on a local sandbox, with nothing staged.
//!
//! Whatever is done is done by the functions that the other commands call; whatever is counted is asked of the
//! servers. People are played through the sandbox's control port, which is also what breaks things.

mod choices;
mod control;
mod days;
mod desk;
mod first;
mod global;
mod setup;
mod tell;
mod totals;
mod trouble;

use clap::Args;
use sandbox::{Options, Sandbox};
use sync_core::decision::OpId;

use self::choices::{Choices, ENFORCED};
use self::control::Control;
use self::desk::Desk;
use self::tell::Tell;
use crate::cli::Context;
use crate::exit::{Exit, Failure};

/// How many items the roadmaps hold: enough to be believable, few enough to be followed.
const ITEMS: usize = 140;
/// How many tickets Halo holds, of all kinds.
const TICKETS: usize = 700;

/// `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Which invented world.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

/// The story so far.
struct Story {
    tell: Tell,
    control: Control,
    desk: Desk,
    /// The validation clients.
    clients: Vec<String>,
    /// An operation worth explaining at the end.
    explained: Option<OpId>,
    seed: u64,
}

/// Tells the story.
///
/// # Errors
/// [`Exit::Other`] when it did not end as it must: not converged, or something was doubled, lost, mailed or deleted.
/// Whatever a step meets besides.
pub async fn command(args: &DemoArgs, context: &mut Context) -> Result<Exit, Failure> {
    let mut options = Options::default();
    options.seed.seed = args.seed;
    options.seed.items = ITEMS;
    options.seed.tickets = TICKETS;
    options.seed.rate_limit = Some(ENFORCED);
    let sandbox = Sandbox::start(options).await.map_err(|error| {
        let way_out = "free a port on 127.0.0.1 and run it again";
        Failure::other("sandbox_not_started", "the sandbox cannot start", way_out).with_source(error)
    })?;
    let told = tokio::select! {
        told = tell(args.seed, sandbox.info(), context) => told,
        _ = tokio::signal::ctrl_c() => Err(interrupted()),
    };
    sandbox.shutdown().await;
    let (sums, wrong) = told?;
    context.out.object(&sums);
    match wrong {
        None => Ok(Exit::Done),
        Some(failure) if context.common.json => {
            context.out.note(&failure.to_string());
            Ok(Exit::Other)
        }
        Some(failure) => Err(failure),
    }
}

async fn tell(
    seed: u64,
    info: &sandbox::Info,
    context: &Context,
) -> Result<(totals::Sums, Option<Failure>), Failure> {
    let desk = Desk::new(info, Choices::addresses(info)).await?;
    let mut story = Story {
        tell: Tell::new(context.out.look()),
        control: Control::new(info.clone()),
        desk,
        clients: Vec::new(),
        explained: None,
        seed,
    };
    let told = story.all().await;
    story.tell.finish();
    told
}

impl Story {
    async fn all(&mut self) -> Result<(totals::Sums, Option<Failure>), Failure> {
        self.banner().await?;
        self.connection().await?;
        self.check().await?;
        self.settings().await?;
        self.pairing().await?;
        self.preview_and_apply().await?;
        self.won().await?;
        self.conflict().await?;
        self.new_status().await?;
        self.trouble().await?;
        self.global().await?;
        self.explain().await?;
        self.totals().await
    }
}

fn interrupted() -> Failure {
    Failure::other("interrupted", "the demo was interrupted", "run it again; it leaves nothing behind")
}
