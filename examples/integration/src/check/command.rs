//! The command `check`.

use std::time::SystemTime;

use clap::Args;
use serde::Serialize;

use crate::app::unix_ms;
use crate::cli::Context;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::render::{Out, Paint};
use crate::storage::{SqliteStore, Store};
use sync_core::settings::Settings;

use super::inputs::Inputs;
use super::topics::{self, TOPICS};

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Explains one finding, such as agent_not_in_team.
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Prints Markdown, to attach to a ticket.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// One finding with what it is about.
#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    finding: &'a super::Finding,
    #[serde(skip_serializing_if = "Option::is_none")]
    asks: Option<&'a str>,
    needs: &'a [&'a str],
}

/// Asks both systems whether everything is set up, and shows the answer.
///
/// Works with any configuration that can be read, and writes nothing: the database is opened only if it is there,
/// and never claimed, so that a mistaken tenant leaves no trace.
///
/// # Errors
/// Those of the configuration, of the secrets, and of an existing database; [`Exit::Usage`] for an unknown code.
pub async fn command(args: &CheckArgs, context: &mut Context) -> Result<Exit, Failure> {
    let config = Config::load(&context.common.config)?;
    let secrets = context.secrets()?;
    let look = context.out.look();
    let settings = settings(&config, &mut context.out).await?;
    let inputs = Inputs::new(&config, &secrets, settings);
    // A sign of life; it is wiped before anything is printed.
    let progress = look.bars.then(|| context.out.progress("Asking both systems", None));
    let report = super::run(&inputs).await;
    drop(progress);
    let paint = Paint::new(look.colour);

    if let Some(code) = &args.code {
        let Some(finding) = report.get(code) else { return Err(unknown(code)) };
        let report = report.only(code);
        let exit = report.exit();
        let topic = topics::topic(code);
        let explained = Explained {
            finding,
            asks: topic.map(|topic| topic.asks),
            needs: topic.map_or(&[], |topic| topic.needs),
        };
        context.out.result("check", exit, &explained);
        if args.markdown {
            context.out.line(report.markdown().trim_end());
        } else {
            for line in finding.explain(look.width, paint) {
                context.out.line(line);
            }
        }
        return Ok(exit);
    }
    let exit = report.exit();
    context.out.result("check", exit, &report);
    if args.markdown {
        context.out.line(report.markdown().trim_end());
    } else {
        for line in report.lines(look.width, paint) {
            context.out.line(line);
        }
    }
    Ok(exit)
}

/// The configuration's settings, with what people have answered where there is a database already.
async fn settings(config: &Config, out: &mut Out) -> Result<Settings, Failure> {
    let mut settings = config.settings.clone();
    if !config.database.exists() {
        return Ok(settings);
    }
    let store = SqliteStore::open(&config.database, unix_ms(now())).await?;
    let ours = config.halo.tenant_name();
    if let Some(other) = store.identity().await?.filter(|identity| identity.halo != ours) {
        // Either of the two may be the mistake; the check is what tells.
        out.note(&format!(
            "{} belongs to the Halo tenant {:?}, not to {ours:?}: what people answered there is left out",
            config.database.display(),
            other.halo
        ));
        return Ok(settings);
    }
    for link in store.client_links().await? {
        settings.project.clients.entry(link.hit).or_insert(link.halo);
    }
    for (member, agent) in store.people().await? {
        settings.project.people.entry(member).or_insert(agent);
    }
    Ok(settings)
}

fn now() -> SystemTime {
    rest_core::clock::Clock::wall(&rest_core::clock::SystemClock)
}

fn unknown(code: &str) -> Failure {
    let known: Vec<&str> = TOPICS.iter().map(|topic| topic.code).collect();
    Failure::usage(
        "finding_unknown",
        format!("the check has no finding {code:?}"),
        format!("name one of {}", known.join(", ")),
    )
}
