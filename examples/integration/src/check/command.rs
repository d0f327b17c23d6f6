//! The command `check`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde::Serialize;

use crate::app::unix_ms;
use crate::cli::Context;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::render::{Out, Paint};
use crate::storage::{SqliteStore, Store, UnixMs};
use sync_core::settings::Settings;

use super::Report;
use super::inputs::Inputs;
use super::topics::{self, TOPICS};

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Explains one finding, such as agent_not_in_team.
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Prints the least role for the settings in force, and checks nothing.
    #[arg(long, conflicts_with_all = ["code", "probe_writes"])]
    pub role: bool,
    /// Also tries what only a write shows, on one ticket of its own at a validation client. Says first what it would
    /// write; with --yes it does.
    #[arg(long)]
    pub probe_writes: bool,
    /// Writes what --probe-writes would write.
    #[arg(long, requires = "probe_writes")]
    pub yes: bool,
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
/// Works with any configuration that can be read, and without `--probe-writes --yes` writes nothing to either system.
/// The database is opened only if it is there, and never claimed, so that a mistaken tenant leaves no trace; of it the
/// check uses people's answers and the rate window, which it shares with the other commands.
///
/// # Errors
/// Those of the configuration, of the secrets, and of an existing database; [`Exit::Usage`] for an unknown code.
pub async fn command(args: &CheckArgs, context: &mut Context) -> Result<Exit, Failure> {
    let config = Config::load(&context.common.config)?;
    let known = |code: &str| topics::topic(code).is_some() || OF_SETTINGS.contains(&code);
    if let Some(code) = args.code.as_deref().filter(|code| !known(code)) {
        return Err(unknown(code));
    }
    let secrets = context.secrets()?;
    let look = context.out.look();
    let paint = Paint::new(look.colour);
    let kept = Kept::open(&config, &mut context.out).await?;
    let inputs = Inputs::new(&config, &secrets, kept.settings.clone());
    kept.preload(&inputs).await?;

    // A sign of life; it is wiped before anything is printed.
    let progress = look.bars.then(|| context.out.progress("Asking both systems", None));
    if args.role {
        let role = super::role(&inputs).await;
        drop(progress);
        kept.keep(&inputs).await?;
        context.out.result("check", Exit::Done, &role);
        print(context, args.markdown, &role.markdown(), role.lines(look.width, paint));
        return Ok(Exit::Done);
    }
    let (report, target) = match args.probe_writes {
        true => super::run_with_writes(&inputs, args.yes).await,
        false => (super::run(&inputs).await, Err("")),
    };
    drop(progress);
    kept.keep(&inputs).await?;
    let exit = show(args, context, &report)?;
    if args.probe_writes && !args.yes {
        context.out.note(&match target {
            Ok(words) => format!(
                "nothing was written. --probe-writes --yes makes, or uses again, {words}, hidden from the portal and \
                 left open, and sets its status and back"
            ),
            Err(why) => format!("nothing was written, and nothing can be: {why}"),
        });
    }
    Ok(exit)
}

fn show(args: &CheckArgs, context: &mut Context, report: &Report) -> Result<Exit, Failure> {
    let look = context.out.look();
    let paint = Paint::new(look.colour);
    if let Some(code) = &args.code {
        let Some(finding) = report.get(code) else {
            let what = format!("{code} is not in the way: the settings have no such fault");
            context.out.result("check", Exit::Done, &serde_json::json!({ "code": code, "state": "ok" }));
            context.out.line(what);
            return Ok(Exit::Done);
        };
        let exit = report.only(code).exit();
        let topic = topics::topic(code);
        let explained = Explained {
            finding,
            asks: topic.map(|topic| topic.asks),
            needs: topic.map_or(&[], |topic| topic.needs),
        };
        context.out.result("check", exit, &explained);
        print(context, args.markdown, &finding.markdown(), finding.explain(look.width, paint));
        return Ok(exit);
    }
    let exit = report.exit();
    context.out.result("check", exit, report);
    print(context, args.markdown, &report.markdown(), report.lines(look.width, paint));
    Ok(exit)
}

fn print(context: &mut Context, as_markdown: bool, markdown: &str, lines: Vec<String>) {
    if as_markdown {
        context.out.line(markdown.trim_end());
    } else {
        for line in lines {
            context.out.line(line);
        }
    }
}

/// What an existing database of this tenant contributes.
pub(crate) struct Kept {
    /// The configuration's settings, with what people have answered.
    pub(crate) settings: Settings,
    store: Option<SqliteStore>,
}

impl Kept {
    /// The configuration's settings, with what people have answered where there is a database already.
    pub(crate) async fn open(config: &Config, out: &mut Out) -> Result<Self, Failure> {
        let mut settings = config.settings.clone();
        if !config.database.exists() {
            return Ok(Kept { settings, store: None });
        }
        let store = SqliteStore::open(&config.database, now()).await?;
        let ours = config.halo.tenant_name();
        if let Some(other) = store.identity().await?.filter(|identity| identity.halo != ours) {
            // Either of the two may be the mistake; the check is what tells.
            out.note(&format!(
                "{} belongs to the Halo tenant {:?}, not to {ours:?}: what people answered there is left out",
                config.database.display(),
                other.halo
            ));
            return Ok(Kept { settings, store: None });
        }
        for link in store.client_links().await? {
            settings.project.clients.entry(link.hit).or_insert(link.halo);
        }
        for (member, agent) in store.people().await? {
            settings.project.people.entry(member).or_insert(agent);
        }
        Ok(Kept { settings, store: Some(store) })
    }

    /// Whether there is a database of this tenant.
    pub(crate) fn has_database(&self) -> bool {
        self.store.is_some()
    }

    /// Counts what other processes have sent.
    pub(crate) async fn preload(&self, inputs: &Inputs) -> Result<(), Failure> {
        let Some(store) = &self.store else { return Ok(()) };
        let Some(text) = store.rate_window().await? else { return Ok(()) };
        // What cannot be read is the window of another version: a cautious start is all that is lost.
        let sent: Vec<u64> = serde_json::from_str(&text).unwrap_or_default();
        let sent = sent.into_iter().filter_map(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms)));
        inputs.halo.limiter.preload(sent);
        Ok(())
    }

    /// Keeps what the next process must know.
    pub(crate) async fn keep(&self, inputs: &Inputs) -> Result<(), Failure> {
        let Some(store) = &self.store else { return Ok(()) };
        let sent: Vec<UnixMs> = inputs.halo.limiter.recent().into_iter().map(unix_ms).collect();
        let text = serde_json::to_string(&sent).map_err(|error| {
            Failure::other("rate_window_unprintable", "the rate window is odd", "").with_source(error)
        })?;
        Ok(store.keep_rate_window(&text).await?)
    }
}

fn now() -> UnixMs {
    let now: SystemTime = rest_core::clock::Clock::wall(&rest_core::clock::SystemClock);
    unix_ms(now)
}

/// Codes of findings that only settings have which do not fit; they are reported when that is so.
const OF_SETTINGS: [&str; 14] = [
    "version_unknown",
    "currency_missing",
    "create_type_missing",
    "ticket_type_of_two_kinds",
    "constant_not_json",
    "field_not_of_kind",
    "newest_not_allowed",
    "form_not_allowed",
    "capability_missing",
    "client_unassigned",
    "client_linked_twice",
    "import_without_date",
    "limit_zero",
    "status_map_unused",
];

fn unknown(code: &str) -> Failure {
    let near = |known: &&str| code.split('_').any(|word| word.len() > 3 && known.contains(word));
    let near: Vec<&str> = TOPICS.iter().map(|topic| topic.code).filter(near).take(12).collect();
    let way_out = match near.is_empty() {
        true => "`halo-hit check --markdown` lists all of them".to_owned(),
        false => format!("name one of {}; `halo-hit check --markdown` lists all of them", near.join(", ")),
    };
    Failure::usage("finding_unknown", format!("the check has no finding {code:?}"), way_out)
}
