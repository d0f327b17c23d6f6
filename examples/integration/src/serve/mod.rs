//! `serve`: the sync that goes on, and the listener for webhooks.
//!
//! Polling does the work; webhooks only make it happen sooner. A pass is what `sync` does: read what changed, plan,
//! carry out. Between two passes the database is free for other commands, and nothing of the state is held in memory
//! that is not in the database too: the process may be killed at any moment. Each pass looks first whether the
//! configuration was changed, and takes it over.

mod door;
pub mod hooks;
mod patience;
pub mod presence;
mod schedule;
mod service;
pub mod signals;
mod silence;
mod upkeep;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::door::Heard;
use self::hooks::Hooks;
pub use self::hooks::{HookState, Phase};
use self::patience::Bounded;
use self::presence::Presence;
pub use self::presence::ServeState;
pub use self::schedule::Cause;
use self::service::Service;
use crate::app::App;
use crate::cli::Context;
use crate::engine::Stop;
use crate::exit::{Exit, Failure};
use crate::storage::SqliteStore;

/// How long requests that are under way may take after the end was asked for.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen for webhooks and /health, in place of webhooks.listen.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

/// Serves until it is asked to stop.
///
/// # Errors
/// [`Exit::Locked`] if another process serves this database; those of a first contact; and those of a database that no
/// run could go on with. What later goes wrong with a system is told and tried again.
pub async fn command(args: &ServeArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let webhooks = &app.config.webhooks;
    let wanted = webhooks.public_url.is_some();
    let (secrets, proofs) =
        context.sources().read_with_webhooks(wanted && webhooks.halo, wanted && webhooks.hit)?;
    let _presence = Presence::claim(&app.config.database)?;
    let stop = Stop::new();
    signals::listen(&stop);

    let hooks = Hooks::new(&app, proofs)?;
    let heard = Arc::new(Heard::default());
    let address = args.listen.or(wanted.then_some(webhooks.listen));
    let listener = match address {
        Some(address) => Some(Listener::open(address, &app, &hooks, &heard, &stop).await?),
        None => None,
    };
    let listens = listener.as_ref().map(|listener| listener.address);
    let mut service = Service::new(app, secrets, hooks, heard, stop.clone(), listens).await?;
    let done = service.run(&mut context.out).await;
    stop.request();
    if let Some(listener) = listener {
        listener.close().await;
    }
    service.end(&done, &mut context.out).await;
    done.map(|()| Exit::Done)
}

/// The listener, with the task that stores what it takes in.
struct Listener {
    address: SocketAddr,
    server: JoinHandle<()>,
    keeper: JoinHandle<()>,
}

impl Listener {
    async fn open(
        address: SocketAddr,
        app: &App,
        hooks: &Hooks,
        heard: &Arc<Heard>,
        stop: &Stop,
    ) -> Result<Self, Failure> {
        let refused = |error: std::io::Error| {
            Failure::configuration(
                "listen_refused",
                format!("the program cannot listen on {address}"),
                "name another address with webhooks.listen or --listen, or end what uses it",
            )
            .with_source(error)
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        // A connection of its own: a delivery must not wait while the sync reads what it kept.
        let store = SqliteStore::open(&app.config.database, app.now()).await?;
        let (routes, keep) = door::open(hooks.verifiers()?, Arc::new(store), Arc::clone(heard));
        let stop = stop.clone();
        let server = async move {
            let ended = axum::serve(Bounded::new(listener), routes)
                .with_graceful_shutdown(async move { stop.requested().await })
                .await;
            if let Err(error) = ended {
                tracing::error!(%error, "the listener has ended");
            }
        };
        Ok(Self { address, server: tokio::spawn(server), keeper: tokio::spawn(keep) })
    }

    /// Lets the requests that are under way end, for a while.
    async fn close(self) {
        let abort = self.server.abort_handle();
        // Whoever still sends after that is not answered, and comes again; the store has all that was answered.
        if tokio::time::timeout(LAST_REQUESTS, self.server).await.is_err() {
            abort.abort();
        }
        let _ = tokio::time::timeout(LAST_REQUESTS, self.keeper).await;
    }
}
