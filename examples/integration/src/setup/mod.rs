//! The command `setup`: a conversation from nothing to a configuration that was checked.
//!
//! It explains each step that people do on the screens of both systems, asks, and verifies each answer when it is given,
//! with the check's own findings. What both systems have is offered by name; status maps are suggested by names and
//! clients by names and domains, and neither is in force before somebody has seen it. Nothing is written to either
//! system. Secrets are used for the conversation and kept nowhere.
//!
//! Every question has a name, such as `halo.tenant`. A file of answers (`--answers`) is a TOML file with these names as
//! keys; choices are given by id or by name. What was answered before a setup stopped is kept beside the configuration
//! in the same form, and asked for no second time.

mod answers;
mod choice;
mod choose;
mod clients;
mod connect;
mod import;
mod question;
mod statuses;
pub mod suggest;
mod talk;
mod won;
pub(crate) mod write;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use sync_core::ids::Kind;
use sync_core::settings::{KindSettings, Settings, Severity, validate};

pub use self::talk::Input;

use self::answers::Answers;
use self::talk::Talk;
use crate::check::{self, Inputs, Report, State};
use crate::cli::Context;
use crate::config::{Config, key_of};
use crate::exit::{Exit, Failure};
use crate::render::{Out, Style};
use crate::secrets::{SecretName, Sources};

/// `setup`.
#[derive(Debug, Clone, Default, Args)]
pub struct SetupArgs {
    /// Take the answers from a TOML file, and ask nothing.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
}

/// What the conversation has found out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    resource_server: String,
    authorisation_server: String,
    tenant: Option<String>,
    client_id: String,
    time_zone: String,
    halo_currency: String,
    base_url: String,
    hit_currency: String,
    built_in_sync_is_off: bool,
    /// The name of the HumanizeIT account, for a comment.
    account: String,
    settings: Settings,
}

/// The settings of a kind, to be changed.
fn kind_mut(settings: &mut Settings, kind: Kind) -> &mut KindSettings {
    match kind {
        Kind::Opportunity => &mut settings.project.opportunity,
        Kind::Project => &mut settings.project.project,
    }
}

#[derive(Serialize)]
struct SetupReport {
    file: String,
    backup: Option<String>,
    carried_over: Vec<String>,
    check: Report,
}

/// Runs the conversation with whoever sits at this process's input.
///
/// # Errors
/// Those of [`run`].
pub async fn command(args: &SetupArgs, context: &mut Context) -> Result<Exit, Failure> {
    use std::io::IsTerminal;
    let mut sources = Sources::environment();
    if context.common.secrets_stdin {
        if args.answers.is_none() {
            return Err(Failure::usage(
                "stdin_taken",
                "the conversation itself is on standard input",
                "leave out --secrets-stdin, or give the answers with --answers FILE",
            ));
        }
        sources = sources.with_stdin_now(std::io::stdin().lock())?;
    }
    if context.common.json && args.answers.is_none() {
        return Err(Failure::usage(
            "answers_needed",
            "a conversation cannot be held in JSON",
            "give the answers with --answers FILE, or leave out --json",
        ));
    }
    let input = match &args.answers {
        Some(_) => Input::Nobody,
        None if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() => Input::Terminal,
        None => Input::Lines(Box::new(std::io::BufReader::new(std::io::stdin()))),
    };
    if matches!(input, Input::Terminal) {
        leave_on_interrupt();
    }
    run(args, &context.common.config, sources, input, &mut context.out).await
}

/// Ctrl-C ends the process while a question waits. Every answer is on disk by then; what is left is to say so, and to
/// give the terminal back its echo if a hidden question was waiting.
fn leave_on_interrupt() {
    #[cfg(unix)]
    let before = rustix::termios::tcgetattr(std::io::stdin());
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        #[cfg(unix)]
        if let Ok(before) = before {
            let _ =
                rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, &before);
        }
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "\nerror: {}", talk::stopped());
        std::process::exit(i32::from(Exit::Other.number()));
    });
}

/// Where the answers of an unfinished setup of a configuration are kept.
#[must_use]
pub fn memory(config: &Path) -> PathBuf {
    let mut name = config.as_os_str().to_owned();
    name.push(".setup");
    PathBuf::from(name)
}

/// Holds the conversation and writes the configuration to `config`.
///
/// # Errors
/// `setup_stopped` where the input ends before the last question, with every answer kept; where nobody can be asked,
/// also the first answer that is missing or refused, with the exit code of its finding.
pub async fn run(
    args: &SetupArgs,
    config: &Path,
    sources: Sources,
    input: Input,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let given = args.answers.as_deref().map(Answers::load).transpose()?.unwrap_or_default();
    let from_environment =
        [SecretName::Halo, SecretName::Hit].map(|name| sources.look_up(name).ok().flatten().is_some());
    let mut talk = Talk::new(out, input, sources, given, memory(config));
    let title =
        talk.out.paint(Style::Heading, "halo-hit setup: connects a HumanizeIT roadmap with a HaloPSA tenant");
    talk.out.line(title);
    talk.say(
        "Nothing is written to either system. Press Enter to take what stands in [brackets]. Ctrl-C stops; your answers are \
         kept (never a secret), and `halo-hit setup` goes on from there.",
    );
    recall(&mut talk, config)?;
    let old = std::fs::read_to_string(config).ok();
    let mut draft = Draft::default();
    if let Some(old) = &old {
        talk.say(&format!(
            "{} is there already; what it says is suggested, and it stays until the end.",
            config.display()
        ));
        match Config::parse(config, old) {
            Ok(found) => {
                import::suggest_file(&found, &mut talk);
                draft.settings = found.settings;
            }
            Err(wrong) => talk.styled(Style::Warning, &format!("It cannot be read as it is: {wrong}")),
        }
    }

    let world = draft.connect(&mut talk).await?;
    draft.zone_and_currency(&mut talk, &world).await?;
    for kind in Kind::ALL {
        draft.choose_kind(&mut talk, &world, kind)?;
    }
    draft.create_rules(&mut talk, &world)?;
    draft.status_maps(&mut talk, &world)?;
    draft.clients(&mut talk, &world)?;
    draft.closing_as_won(&mut talk, &world).await?;

    talk.heading("14  The file");
    let catalogue = &world.catalogue;
    let fresh = write::text(&draft, catalogue);
    let (text, carried_over) = match &old {
        Some(old) => write::carry_over(&fresh, old),
        None => (fresh, Vec::new()),
    };
    let read = Config::parse(config, &text)?;
    // Whoever runs this again and again says so each time, also the first.
    let unused = talk.given().unused().into_iter().filter(|id| *id != "overwrite").collect::<Vec<_>>();
    if !unused.is_empty() {
        return Err(Failure::configuration(
            "answers_unused",
            format!("nobody asked for these answers: {}", unused.join(", ")),
            "correct their names or remove them; nothing was written",
        ));
    }
    let found = validate(&read.settings, catalogue);
    for finding in found.iter().filter(|finding| finding.severity == Severity::Error) {
        talk.styled(Style::Bad, &format!("{}: {}", key_of(&finding.place), finding.message));
    }
    let backup = write_file(&mut talk, config, &text, old.is_some())?;
    if !carried_over.is_empty() {
        talk.say(&format!("Carried over from the old file: {}.", carried_over.join(", ")));
    }
    talk.forget();

    talk.heading("15  Everything once more, as `halo-hit check` sees it");
    let progress = talk.out.look().bars.then(|| talk.out.progress("Asking both systems", None));
    // Over an existing database, what people have answered counts, and what this conversation and other processes have
    // sent. Without one there is nowhere to count it.
    let kept = check::Kept::open(&read, talk.out).await?;
    let inputs = Inputs::new(&read, &world.secrets, kept.settings.clone());
    if kept.has_database() {
        inputs.halo.limiter.preload(world.halo.http().limiter().recent());
        kept.preload(&inputs).await?;
    }
    let report = check::run(&inputs).await;
    drop(progress);
    kept.keep(&inputs).await?;
    connect::show(&report, &mut talk);
    let unknown = report
        .findings
        .iter()
        .filter(|finding| finding.state == State::CannotTell && !finding.was_not_asked());
    talk.items(unknown.map(|finding| format!("cannot tell: {} ({})", finding.title, finding.code)));
    let style = if report.summary.fails > 0 { Style::Warning } else { Style::Good };
    talk.styled(style, &report.sentence());
    next(&mut talk, &report, from_environment, config, world.integration.as_ref());
    let exit = report.exit();
    let shown = SetupReport {
        file: config.display().to_string(),
        backup: backup.map(|path| path.display().to_string()),
        carried_over,
        check: report,
    };
    out.result("setup", exit, &shown);
    Ok(exit)
}

/// Goes on where an earlier setup stopped, if that is wanted.
fn recall(talk: &mut Talk<'_>, config: &Path) -> Result<(), Failure> {
    let path = memory(config);
    if !path.exists() || !talk.somebody() {
        return Ok(());
    }
    let kept = match Answers::load(&path) {
        Ok(kept) => kept,
        Err(wrong) => {
            talk.styled(Style::Warning, &format!("What an earlier setup kept is left out: {wrong}"));
            return Ok(());
        }
    };
    talk.say(&format!("An earlier setup stopped after {} answers.", kept.len()));
    if talk.yes("resume", "Go on from there?", true)? {
        talk.recall(kept);
    } else {
        talk.forget();
    }
    Ok(())
}

fn write_file(talk: &mut Talk<'_>, path: &Path, text: &str, there: bool) -> Result<Option<PathBuf>, Failure> {
    let unwritable = |error: std::io::Error| {
        Failure::other(
            "configuration_unwritable",
            format!("{} cannot be written", path.display()),
            "let --config name a file in a folder that you may write to; your answers are kept",
        )
        .with_source(error)
    };
    let mut backup = None;
    if there {
        let question = format!("Replace {}? A copy of the old one is kept", name_of(path));
        if !talk.yes("overwrite", &question, false)? {
            // The answers stay, and so does the question.
            talk.refuse("overwrite", &kept_as_it_was(path))?;
            return Err(kept_as_it_was(path));
        }
        let copy = write::back_up(path).map_err(unwritable)?;
        talk.say(&format!("The old one is kept as {}.", name_of(&copy)));
        backup = Some(copy);
    }
    write::replace(path, text).map_err(unwritable)?;
    talk.styled(Style::Good, &format!("Written: {}. Every id has its name behind it.", name_of(path)));
    Ok(backup)
}

fn kept_as_it_was(path: &Path) -> Failure {
    Failure::configuration(
        "configuration_kept",
        format!("{} was left as it was", name_of(path)),
        "say yes to overwrite, or name another file with --config; your answers are kept",
    )
}

/// What to do now.
fn next(
    talk: &mut Talk<'_>,
    report: &Report,
    from_environment: [bool; 2],
    config: &Path,
    integration: Option<&hit_client::Integration>,
) {
    talk.heading("What comes next");
    let mut lines = Vec::new();
    if from_environment != [true, true] {
        lines.push(
            "Later runs need both secrets: in HALO_HIT_HALO_SECRET and HALO_HIT_HIT_KEY, or in files that \
             HALO_HIT_HALO_SECRET_FILE and HALO_HIT_HIT_KEY_FILE name."
                .to_owned(),
        );
    }
    if report.summary.fails > 0 {
        lines.push("halo-hit check: put right what fails above, and look again.".to_owned());
    }
    if integration.is_some_and(|found| found.engine == hit_client::Engine::BuiltIn) {
        lines.push("HumanizeIT: My Company > Integrations > HaloPSA: switch its own sync off.".to_owned());
    }
    lines.push("halo-hit plan: what a sync would do, and why; writes nothing.".to_owned());
    lines.push("halo-hit pair: answers what the plan asks about records that look alike.".to_owned());
    lines.push("halo-hit sync: does it. Only validation clients take part.".to_owned());
    lines.push("halo-hit gate: what is missing before all clients may take part.".to_owned());
    talk.items(lines);
    if config != Path::new(crate::config::FILE) {
        // As it must be typed: never broken into lines.
        talk.out.line(format!("  Each of them with --config {}", config.display()));
    }
}

/// A file's own name, for sentences.
fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
