//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sync_core::hash::Hash256;
use sync_core::ids::Side;

use crate::check::CheckArgs;
use crate::exit::Exit;
use crate::probe::ProbeArgs;
use crate::settings::SettingsArgs;
use crate::setup::SetupArgs;

/// Keeps a HumanizeIT roadmap and a HaloPSA tenant in step.
#[derive(Debug, Parser)]
#[command(name = "halo-hit", version, max_term_width = 100, after_help = after_help())]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", default_value = crate::config::FILE)]
    pub config: PathBuf,
    /// Print one JSON object in place of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Wait so many seconds for another process on the database.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u32,
    /// Read the secrets from standard input, as lines halo=SECRET and hit=KEY.
    #[arg(long, global = true)]
    pub secrets_stdin: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows everything on a local sandbox: needs no account, and touches nothing else.
    #[cfg(feature = "demo")]
    Demo(crate::demo::DemoArgs),
    /// Asks step by step, verifies each answer, and writes the configuration.
    Setup(SetupArgs),
    /// Verifies the setup of both systems, and says where to click.
    Check(CheckArgs),
    /// Finds out by reading alone which beliefs about both systems hold on this tenant.
    Probe(ProbeArgs),
    /// Shows what a sync would do, and why. Writes nothing to either system.
    Plan(PlanArgs),
    /// Applies a plan that was looked at.
    Apply(ApplyArgs),
    /// Reads both systems, plans, and applies the plan.
    Sync(SyncArgs),
    /// Goes on syncing: at intervals, and at once when a webhook tells of a change.
    Serve(crate::serve::ServeArgs),
    /// Lists what may belong together, and takes answers.
    Pair(PairArgs),
    /// Approves an operation that waits for a person.
    Approve(ApproveArgs),
    /// Shows what is missing before all clients can be synced.
    Gate(GateArgs),
    /// Stops all writing, and keeps all state.
    Pause(PauseArgs),
    /// Ends a pause.
    Resume,
    /// Shows links, what waits, the last run, and what serves.
    Status,
    /// Copies the database into one file, while anything else goes on.
    Backup(BackupArgs),
    /// Lists conflicts and issues, and takes decisions.
    Issues(IssuesArgs),
    /// Shows what was done and why.
    History(HistoryArgs),
    /// Plans to take back what a run has written; writes nothing itself.
    Undo(UndoArgs),
    /// Shows the settings in force, changes them with care, and keeps every version.
    Settings(SettingsArgs),
}

impl Command {
    /// Its name, as typed.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            #[cfg(feature = "demo")]
            Command::Demo(_) => "demo",
            Command::Setup(_) => "setup",
            Command::Check(_) => "check",
            Command::Probe(_) => "probe",
            Command::Plan(_) => "plan",
            Command::Apply(_) => "apply",
            Command::Sync(_) => "sync",
            Command::Serve(_) => "serve",
            Command::Pair(_) => "pair",
            Command::Approve(_) => "approve",
            Command::Gate(_) => "gate",
            Command::Pause(_) => "pause",
            Command::Resume => "resume",
            Command::Status => "status",
            Command::Backup(_) => "backup",
            Command::Issues(_) => "issues",
            Command::History(_) => "history",
            Command::Undo(_) => "undo",
            Command::Settings(_) => "settings",
        }
    }
}

/// `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Write the plan to a file, for `apply`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Read everything again, not only what changed.
    #[arg(long)]
    pub full: bool,
}

/// `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A plan that `plan --out` has written.
    #[arg(required_unless_present_any = ["expect", "lift_limits"])]
    pub file: Option<PathBuf>,
    /// Plan again, and apply only if the plan still has this hash.
    #[arg(long, value_name = "HASH", conflicts_with = "file")]
    pub expect: Option<Hash256>,
    /// Lift the limits for the plan with this hash, and for no other.
    #[arg(long, value_name = "HASH")]
    pub lift_limits: Option<Hash256>,
}

/// `sync`.
#[derive(Debug, Args)]
pub struct SyncArgs {
    /// Read everything again, not only what changed.
    #[arg(long)]
    pub full: bool,
}

/// `pair`.
#[derive(Debug, Args)]
pub struct PairArgs {
    /// The HumanizeIT item asked about, or "all" for every clear suggestion.
    #[arg(requires = "answer", conflicts_with = "all")]
    pub id: Option<String>,
    /// What it is.
    pub answer: Option<PairWord>,
    /// The ticket, client, agent or item to link it to; the suggestion, if left out.
    #[arg(value_name = "OTHER_ID")]
    pub with: Option<String>,
    /// ID is a ticket of Halo, asked about before it is imported.
    #[arg(long, group = "sort", requires = "id")]
    pub ticket: bool,
    /// ID is a client of HumanizeIT.
    #[arg(long, group = "sort", requires = "id")]
    pub client: bool,
    /// ID is a team member of HumanizeIT.
    #[arg(long, group = "sort", requires = "id")]
    pub person: bool,
    /// List the clients and people that were linked by an answer, too.
    #[arg(long)]
    pub all: bool,
}

/// An answer to a pairing question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PairWord {
    /// It is that record of the other side.
    Link,
    /// It is none of the candidates: create one.
    Create,
    /// Leave it alone.
    Ignore,
    /// Take back the last answer, if it was not carried out yet.
    Withdraw,
    /// The link was wrong: end it. Nothing is written to either system.
    Unlink,
}

/// `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The operation, or the beginning of its id. Without it, what waits for approval is listed.
    pub id: Option<String>,
}

/// `gate`.
#[derive(Debug, Args)]
pub struct GateArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub action: Option<GateAction>,
}

/// What to do with the gate.
#[derive(Debug, Subcommand)]
pub enum GateAction {
    /// Shows both sides of every link that takes part, field by field. Writes to neither.
    Compare,
    /// Opens it without the evidence; logged.
    Unlock {
        /// The name of the Halo tenant, typed as a sign that this is meant.
        #[arg(long, value_name = "NAME")]
        tenant: String,
    },
}

/// `pause`.
#[derive(Debug, Args)]
pub struct PauseArgs {
    /// Why, for whoever finds it paused.
    #[arg(long, value_name = "TEXT", default_value = "no reason given")]
    pub reason: String,
}

/// `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to write; one that exists is not overwritten.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `issues`.
#[derive(Debug, Args)]
pub struct IssuesArgs {
    /// What to do with one.
    #[command(subcommand)]
    pub action: Option<IssueAction>,
    /// List those put aside as well.
    #[arg(long)]
    pub all: bool,
}

/// What to do with a conflict or issue.
#[derive(Debug, Subcommand)]
pub enum IssueAction {
    /// Decides a conflict.
    Resolve {
        /// The conflict, or the beginning of its id.
        id: String,
        /// The side whose value stays.
        #[arg(long, value_name = "SIDE")]
        keep: Keep,
    },
    /// Tries an issue's record again at once.
    Retry {
        /// The issue, or the beginning of its id.
        id: String,
    },
    /// Puts a conflict or issue aside until its values change.
    Dismiss {
        /// The conflict or issue, or the beginning of its id.
        id: String,
    },
}

/// A side to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Keep {
    /// Halo's value.
    Halo,
    /// HumanizeIT's value.
    Hit,
}

impl From<Keep> for Side {
    fn from(keep: Keep) -> Self {
        match keep {
            Keep::Halo => Side::Halo,
            Keep::Hit => Side::Hit,
        }
    }
}

/// `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// What to do with one.
    #[command(subcommand)]
    pub action: Option<HistoryAction>,
    /// Only this run.
    #[arg(long, value_name = "NUMBER")]
    pub run: Option<i64>,
    /// Only this item.
    #[arg(long, value_name = "ID")]
    pub item: Option<String>,
    /// Only this client of HumanizeIT, by id or name.
    #[arg(long, value_name = "CLIENT")]
    pub client: Option<String>,
    /// How many lines.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// What to do with a line of history.
#[derive(Debug, Subcommand)]
pub enum HistoryAction {
    /// Tells why an operation was done, in sentences.
    Explain {
        /// The operation, or the beginning of its id.
        id: String,
    },
}

/// `undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The run, by its number in `history`.
    #[arg(value_name = "RUN")]
    pub run: i64,
    /// Write the plan to a file, for `apply`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn after_help() -> String {
    let mut text = String::from("Exit codes:\n");
    for exit in Exit::ALL {
        text.push_str(&format!("  {:>2}  {}\n", exit.number(), exit.meaning()));
    }
    text.push_str(
        "\nSecrets come from HALO_HIT_HALO_SECRET and HALO_HIT_HIT_KEY, or from the files that\n\
         HALO_HIT_HALO_SECRET_FILE and HALO_HIT_HIT_KEY_FILE name, never from arguments.\n\
         HALO_HIT_LOG=debug logs requests to standard error; NO_COLOR=1 switches colours off.",
    );
    text
}
