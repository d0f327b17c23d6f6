//! The command `settings`: what is in force, changed with care, with every version kept.
//!
//! A change is made in the configuration file itself, comments and all. Before it is made it is held against what both
//! systems really have, and planned on a copy of the database, so that its consequence is a number before it is a fact.

mod change;
mod compare;
mod edit;
mod impact;
mod show;
mod versions;

use clap::{Args, Subcommand};
use serde::Serialize;
use sync_core::settings::Settings;

use crate::cli::Context;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::storage::{SettingsHow, SettingsNote, SettingsVersion};

/// `settings`.
#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// What to do with them; without it, they are shown.
    #[command(subcommand)]
    pub action: Option<SettingsAction>,
}

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub enum SettingsAction {
    /// Shows the settings in force.
    Show,
    /// Changes one key of the configuration file, after showing what would follow.
    Set(SetArgs),
    /// Holds the settings against what both systems have now.
    Validate,
    /// Lists the versions, newest first.
    Versions,
    /// Shows what differs between two versions.
    Compare {
        /// The older one.
        a: i64,
        /// The newer one; the settings in force, if left out.
        b: Option<i64>,
    },
    /// Brings the settings of a version back, after showing what would follow.
    RollBack {
        /// The version.
        version: i64,
        /// What holds for every change.
        #[command(flatten)]
        how: HowArgs,
    },
}

/// `settings set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// The key as the file has it, such as project_settings.project.create_type.
    pub key: String,
    /// The value, as TOML or as a bare word.
    pub value: String,
    /// A further change that belongs to this one, such as a choice that depends on it.
    #[arg(long, value_name = "KEY=VALUE")]
    pub also: Vec<String>,
    /// Write the map that names suggest for a newly followed type that has none.
    #[arg(long)]
    pub suggest_map: bool,
    /// What holds for every change.
    #[command(flatten)]
    pub how: HowArgs,
}

/// What holds for every change of the settings.
#[derive(Debug, Clone, Default, Args)]
pub struct HowArgs {
    /// Make the change although many writes would follow.
    #[arg(long)]
    pub yes: bool,
    /// Who makes it; the user of this machine, if left out.
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
}

impl HowArgs {
    /// Who makes the change.
    fn author(&self) -> String {
        let named = self.author.as_deref().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        let user = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        named.or_else(user).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
    }
}

/// Runs the command.
///
/// # Errors
/// Those of the configuration, the database and, where both systems are asked, of a first contact;
/// [`Exit::Configuration`] for a change that does not fit them, and [`Exit::Blocked`] for one that needs `--yes`. A
/// failed change has changed nothing.
pub async fn command(args: &SettingsArgs, context: &mut Context) -> Result<Exit, Failure> {
    match args.action.as_ref().unwrap_or(&SettingsAction::Show) {
        SettingsAction::Show => show::show(context).await,
        SettingsAction::Set(set) => change::set(set, context).await,
        SettingsAction::Validate => change::validate(context).await,
        SettingsAction::Versions => versions::list(context).await,
        SettingsAction::Compare { a, b } => versions::compare(*a, *b, context).await,
        SettingsAction::RollBack { version, how } => change::roll_back(*version, how, context).await,
    }
}

/// What is written down of settings that were found in force, after those of `last`.
pub(crate) fn noticed(config: &Config, settings: &Settings, last: Option<&SettingsVersion>) -> SettingsNote {
    let file = std::fs::read_to_string(&config.path).ok();
    let how = match last {
        None => SettingsHow::First,
        // The file is as it was, so what differs are the answers that count as settings.
        Some(last) if last.file.is_some() && last.file == file => SettingsHow::Answers,
        Some(_) => SettingsHow::File,
    };
    note(settings, None, how, file)
}

fn note(settings: &Settings, author: Option<String>, how: SettingsHow, file: Option<String>) -> SettingsNote {
    // Settings are maps with text keys, which JSON always holds.
    let text = serde_json::to_string(settings).unwrap_or_default();
    SettingsNote { hash: settings.settings_hash(), text, author, how, file }
}

/// A change in the settings, for people and for `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Difference {
    key: String,
    before: Option<String>,
    after: Option<String>,
}
