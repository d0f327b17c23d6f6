//! The commands: read the command line, do what it says, say how it went.

mod args;
mod compare;
mod copy;
mod ids;
mod pair;
mod past;
mod path;
mod plan_files;
mod state;
mod undo;
mod waiting;
mod ways;
mod words;
mod work;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;

pub use self::args::{
    ApplyArgs, ApproveArgs, BackupArgs, Cli, Command, Common, GateAction, GateArgs, HistoryAction,
    HistoryArgs, IssueAction, IssuesArgs, Keep, PairArgs, PairWord, PauseArgs, PlanArgs, SyncArgs, UndoArgs,
};
pub(crate) use self::state::when as clock_time;
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::{Look, Out};
use crate::secrets::{Secrets, Sources};

/// What a command needs besides its own arguments.
#[derive(Debug)]
pub struct Context {
    /// What holds for every command.
    pub common: Common,
    /// Where the result goes.
    pub out: Out,
}

impl Context {
    /// Opens configuration and database.
    ///
    /// # Errors
    /// Those of [`App::open`].
    pub async fn open(&self) -> Result<App, Failure> {
        App::open(&self.common.config, Duration::from_secs(u64::from(self.common.wait))).await
    }

    /// Reads both secrets.
    ///
    /// # Errors
    /// Those of [`Sources::read`].
    pub fn secrets(&self) -> Result<Secrets, Failure> {
        self.sources().read()
    }

    /// The places secrets come from.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let sources = Sources::environment();
        if self.common.secrets_stdin { sources.with_stdin(std::io::stdin().lock()) } else { sources }
    }
}

/// The program: runs the command that `arguments` (with the program's name first) ask for.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return not_a_command(&arguments, &error).into(),
    };
    log_to_stderr();
    let name = cli.command.name();
    let mut context = Context { out: Out::stdio(Look::detect(cli.common.json)), common: cli.common };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure =
                Failure::other("no_runtime", "the program cannot start its threads", "see the cause");
            context.out.failure(name, &failure.with_source(error));
            return Exit::Other.into();
        }
    };
    let done = runtime.block_on(run(cli.command, &mut context));
    let exit = done.unwrap_or_else(|failure| {
        context.out.failure(name, &failure);
        failure.exit()
    });
    context.out.finish();
    exit.into()
}

/// Runs one command.
///
/// # Errors
/// Whatever keeps it from doing what it was asked.
pub async fn run(command: Command, context: &mut Context) -> Result<Exit, Failure> {
    match command {
        #[cfg(feature = "demo")]
        Command::Demo(args) => crate::demo::command(&args, context).await,
        Command::Setup(args) => crate::setup::command(&args, context).await,
        Command::Check(args) => crate::check::command(&args, context).await,
        Command::Probe(args) => crate::probe::command(&args, context).await,
        Command::Plan(args) => work::plan(&args, context).await,
        Command::Apply(args) => work::apply(&args, context).await,
        Command::Sync(args) => work::sync(&args, context).await,
        Command::Serve(args) => crate::serve::command(&args, context).await,
        Command::Pair(args) => pair::pair(&args, context).await,
        Command::Approve(args) => waiting::approve(&args, context).await,
        Command::Issues(args) => waiting::issues(&args, context).await,
        Command::Gate(args) => past::gate(&args, context).await,
        Command::History(args) => past::history(&args, context).await,
        Command::Pause(args) => state::pause(&args, context).await,
        Command::Resume => state::resume(context).await,
        Command::Backup(args) => copy::backup(&args, context).await,
        Command::Status => state::status(context).await,
        Command::Undo(args) => undo::undo(&args, context).await,
        Command::Settings(args) => crate::settings::command(&args, context).await,
    }
}

/// Help and version are answers; everything else is a wrong command line.
fn not_a_command(arguments: &[OsString], error: &clap::Error) -> Exit {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !asked && arguments.iter().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let failure = Failure::usage("usage", first, "see halo-hit --help");
        let mut out = Out::stdio(Look { json: true, ..Look::plain(80) });
        out.failure("halo-hit", &failure);
        out.finish();
    } else {
        // Where nobody listens any more, nobody can be told.
        let _ = error.print();
    }
    if asked { Exit::Done } else { Exit::Usage }
}

/// Logs what `HALO_HIT_LOG` asks for. Secrets never get into events: see rest-core.
fn log_to_stderr() {
    let Ok(wanted) = std::env::var("HALO_HIT_LOG") else { return };
    let filter = tracing_subscriber::EnvFilter::builder().parse_lossy(wanted);
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    // Only a second subscriber can make this fail, and then that one logs.
    let _ = subscriber.try_init();
}
