//! The command `probe`: which beliefs about the two systems hold on this tenant, found out by reading alone.
//!
//! ASSUMPTIONS.md lists what the code relies on without proof. This asks whatever can be asked without a write, and says
//! of each belief whether it holds, does not hold, or could not be told, with what was seen: statuses, counts and names of
//! fields, never a name, an address or a text of the tenant. The report can be sent to the project as it is.

mod ask;
mod halo;
mod hit;
mod report;
mod rights;
mod table;
mod types;

use std::path::PathBuf;

use clap::Args;
use sync_core::settings::Settings;

pub use self::report::{Answer, Outcome, Report};
pub use self::table::{PROBES, Probe};

use crate::check::Inputs;
use crate::cli::Context;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::render::{Style, Table};
use crate::secrets::Secrets;

/// `probe`.
#[derive(Debug, Clone, Default, Args)]
pub struct ProbeArgs {
    /// Write the report to a file: JSON if its name ends in .json, else Markdown.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Halo's Resource Server, in place of a configuration file.
    #[arg(long, value_name = "URL", requires_all = ["client_id", "hit_base_url"])]
    pub resource_server: Option<String>,
    /// Halo's Authorisation Server; what belongs to the Resource Server, if left out.
    #[arg(long, value_name = "URL", requires = "resource_server")]
    pub authorisation_server: Option<String>,
    /// Halo's Tenant.
    #[arg(long, value_name = "NAME", requires = "resource_server")]
    pub tenant: Option<String>,
    /// Client ID of the API application.
    #[arg(long, value_name = "ID", requires = "resource_server")]
    pub client_id: Option<String>,
    /// The address of the HumanizeIT API.
    #[arg(long, value_name = "URL", requires = "resource_server")]
    pub hit_base_url: Option<String>,
}

/// Asks every probe that needs no write, and shows what it found.
///
/// The exit code is [`Exit::Done`] when every belief that could be told holds, and [`Exit::Partial`] otherwise.
///
/// # Errors
/// Those of the configuration and of the secrets, and of a first contact with Halo: without a token nothing can be asked.
pub async fn command(args: &ProbeArgs, context: &mut Context) -> Result<Exit, Failure> {
    let config = match &args.resource_server {
        Some(server) => from_flags(server, args)?,
        None => Config::load(&context.common.config)?,
    };
    let secrets = context.secrets()?;
    let progress = context.out.look().bars.then(|| context.out.progress("Asking both systems", None));
    let report = run(&config, &secrets).await;
    drop(progress);
    let report = report?;
    if let Some(path) = &args.out {
        let json = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
        let text = if json { report.json() } else { report.markdown() };
        std::fs::write(path, text).map_err(|error| {
            let what = format!("the report cannot be written to {}", path.display());
            Failure::other("report_unwritable", what, "name a file in a folder that you may write to")
                .with_source(error)
        })?;
    }
    let exit = report.exit();
    context.out.result("probe", exit, &report);
    let out = &mut context.out;
    let mut table = Table::new(["", "", "Belief", "Seen"]);
    for answer in report.answers.iter().filter(|answer| answer.outcome != Outcome::NeedsWrites) {
        let style = match answer.outcome {
            Outcome::Holds => Style::Good,
            Outcome::DoesNotHold => Style::Bad,
            _ => Style::Faint,
        };
        table.styled_row([
            (Style::Plain, answer.id.to_owned()),
            (style, answer.outcome.word().to_owned()),
            (Style::Plain, answer.belief.to_owned()),
            (Style::Faint, answer.saw.clone()),
        ]);
    }
    out.table(&table);
    out.line("");
    out.paragraph(0, &report.sentence());
    match &args.out {
        Some(path) => {
            out.line(format!("Written to {}; it holds no secrets and nothing of customers.", path.display()))
        }
        None => out.line("--out FILE writes this as a report without secrets and without customers' data."),
    }
    Ok(exit)
}

/// A configuration of what the flags say; what they do not say matters to no probe.
fn from_flags(server: &str, args: &ProbeArgs) -> Result<Config, Failure> {
    let root = server.trim_end_matches('/').strip_suffix("/api").unwrap_or(server);
    let mut document = toml_edit::DocumentMut::new();
    document["format"] = toml_edit::value(crate::config::FORMAT);
    document["halo"]["resource_server"] = toml_edit::value(server);
    let authorisation = args.authorisation_server.clone().unwrap_or_else(|| format!("{root}/auth"));
    document["halo"]["authorisation_server"] = toml_edit::value(authorisation);
    if let Some(tenant) = &args.tenant {
        document["halo"]["tenant"] = toml_edit::value(tenant.as_str());
    }
    document["halo"]["client_id"] = toml_edit::value(args.client_id.as_deref().unwrap_or_default());
    document["halo"]["time_zone"] = toml_edit::value("UTC");
    document["halo"]["currency"] = toml_edit::value("USD");
    document["hit"]["base_url"] = toml_edit::value(args.hit_base_url.as_deref().unwrap_or_default());
    document["hit"]["currency"] = toml_edit::value("USD");
    Config::parse(std::path::Path::new("flags"), &document.to_string())
}

/// Asks both systems. Some sixty requests; none of them writes.
///
/// # Errors
/// [`Exit::Address`] or [`Exit::Credentials`] where Halo gives no token.
///
/// # Cancel safety
/// Dropping the future changes nothing.
pub async fn run(config: &Config, secrets: &Secrets) -> Result<Report, Failure> {
    config.check_addresses()?;
    let inputs = Inputs::new(config, secrets, Settings::default());
    let client = (inputs.halo.connect)(&inputs.halo.scopes)
        .map_err(|error| crate::remote::halo_failure(&error, config))?;
    client.authenticate().await.map_err(|error| crate::remote::halo_failure(&error, config))?;
    let mut book = report::Book::default();
    halo::connection(config, secrets, &inputs, &client, &mut book).await;
    halo::records(&client, &mut book).await;
    match &inputs.hit.api {
        Ok(api) => hit::ask(&**api, &mut book).await,
        Err(_) => book.cannot_tell("T1", "the address of HumanizeIT is none"),
    }
    Ok(book.report())
}
