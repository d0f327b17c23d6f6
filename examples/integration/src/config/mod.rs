//! The configuration: one TOML file, read strictly. Every key with its default stands in `halo-hit.example.toml`.
//!
//! Reading it needs no network. What only the two systems can tell (whether a status exists, whether a type is a
//! project type) is checked against their catalogue by [`sync_core::settings::validate`]; [`refuse`] turns what that
//! finds into a failure with this file's own keys.

mod address;
mod reader;
mod settings;
mod sync;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use self::settings::key_of;

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use sync_core::settings::{Finding, Settings, Severity};
use url::Url;

use self::reader::{Reader, Source};
use crate::exit::Failure;

/// The name of the file where no other is given.
pub const FILE: &str = "halo-hit.toml";
/// The version of the file's format that this program reads.
pub const FORMAT: i64 = 1;

/// Where `serve` listens unless told otherwise: on this machine alone, behind a proxy that has the certificate.
pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8787);

/// At most so many requests in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests.
    pub requests: u32,
    /// The length of the window.
    pub window: Duration,
}

impl Default for RateLimit {
    fn default() -> Self {
        RateLimit { requests: 60, window: Duration::from_secs(60) }
    }
}

/// Where the marker of a create goes in Halo.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MarkerPlace {
    /// An external link of the ticket.
    #[default]
    ExternalLink,
    /// The client reference, which users may see.
    ClientReference,
}

/// How Halo is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halo {
    /// The resource server, as typed; see [`Config::address_problems`].
    pub resource_server: Url,
    /// The authorisation server, as typed.
    pub authorisation_server: Url,
    /// The tenant, where Halo is hosted for several.
    pub tenant: Option<String>,
    /// Client id of the API application.
    pub client_id: String,
    /// Scopes to ask for.
    pub scopes: Vec<String>,
    /// The zone in which Halo's days are meant.
    pub time_zone: TimeZone,
    /// The rate that is kept.
    pub rate_limit: RateLimit,
    /// The share of the rate that full reads may take, in percent.
    pub full_read_share: u32,
    /// Requests under way at once.
    pub concurrency: u32,
    /// Where markers go.
    pub marker: MarkerPlace,
}

impl Halo {
    /// The tenant's name: as configured, or the host of the resource server where there is none. It names the
    /// database's owner, is part of every marker, and is what `gate unlock` asks to type.
    #[must_use]
    pub fn tenant_name(&self) -> &str {
        self.tenant.as_deref().unwrap_or_else(|| self.resource_server.host_str().unwrap_or_default())
    }
}

/// How HumanizeIT is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The base URL.
    pub base_url: Url,
    /// The rate that is kept.
    pub rate_limit: RateLimit,
    /// Requests under way at once.
    pub concurrency: u32,
    /// Whether somebody says that HumanizeIT's own Halo sync is off.
    pub built_in_sync_is_off: bool,
}

/// How long things may take. Settle time, promotion wait and absence also stand in [`Config::settings`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// One attempt of one request.
    pub request_timeout: Duration,
    /// One request with all its attempts and waits.
    pub deadline: Duration,
    /// How long a request whose reply was lost may still be carried out.
    pub settle: Duration,
    /// How long a promotion waits for Halo's own workflow.
    pub promotion_wait: Duration,
    /// Time between two runs of a sync that goes on.
    pub poll: Duration,
    /// Time between two full reads.
    pub full_read: Duration,
    /// How far a read of changes reaches back behind the last one.
    pub overlap: Duration,
    /// How long a plan file can be applied.
    pub plan_expiry: Duration,
}

/// How deliveries of webhooks come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhooks {
    /// Where both systems reach this program, if they do: `hooks/halo` and `hooks/hit` below it. Without it there are no
    /// webhooks, and polling does everything.
    pub public_url: Option<Url>,
    /// Where `serve` listens.
    pub listen: SocketAddr,
    /// Whether Halo is to send.
    pub halo: bool,
    /// Whether HumanizeIT is to send.
    pub hit: bool,
    /// How long to wait for more after a first delivery before a sync begins.
    pub debounce: Duration,
    /// How late a delivery may be before its webhook counts as silent.
    pub grace: Duration,
}

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// How Halo is reached.
    pub halo: Halo,
    /// How HumanizeIT is reached.
    pub hit: Hit,
    /// How long things may take.
    pub timing: Timing,
    /// How deliveries come in.
    pub webhooks: Webhooks,
    /// What is synced: the three widgets.
    pub settings: Settings,
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`Configuration`](crate::exit::Exit::Configuration) for everything that is wrong with the file, and
    /// [`Address`](crate::exit::Exit::Address) for a URL that is none. Whether the URLs have the shape that Halo uses
    /// is told by [`address_problems`](Self::address_problems).
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let (what, way_out) = if error.kind() == std::io::ErrorKind::NotFound {
                let what = format!("there is no configuration file {}", path.display());
                (what, "copy halo-hit.example.toml there and fill it in, or name another file with --config")
            } else {
                let what = format!("the configuration file {} cannot be read", path.display());
                (what, "see the cause; it must be a text file in UTF-8 that this user may read")
            };
            Failure::configuration("configuration_unreadable", what, way_out).with_source(error)
        })?;
        Self::parse(path, &text)
    }

    /// Reads a configuration from its text; `path` is where it would stand.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        Self::parse_noting(path, text).map(|(config, _)| config)
    }

    /// The same, with the keys that were asked for and are not there.
    fn parse_noting(path: &Path, text: &str) -> Result<(Self, Vec<String>), Failure> {
        let name =
            path.file_name().map_or_else(|| FILE.to_owned(), |name| name.to_string_lossy().into_owned());
        let document = toml::de::DeTable::parse(text).map_err(|error| not_toml(&name, text, &error))?;
        let source = Rc::new(Source { name, text, absent: RefCell::new(Vec::new()) });
        let mut root = Reader::new(Rc::clone(&source), document.get_ref());
        check_format(&mut root)?;
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let config = read(&mut root, path, folder)?;
        root.finish()?;
        let absent = source.absent.borrow().clone();
        Ok((config, absent))
    }
}

fn not_toml(name: &str, text: &str, error: &toml::de::Error) -> Failure {
    let line = error.span().map_or(String::new(), |span| {
        let line = text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count() + 1;
        format!(" at line {line}")
    });
    // Only the parser's own words: its Display repeats the line, which may hold anything.
    Failure::configuration(
        "configuration_not_toml",
        format!("{name} is not valid TOML{line} ({})", error.message().trim()),
        "correct the line; halo-hit.example.toml shows every key",
    )
}

/// The version comes first: a file of a newer program is refused for that, not for a key it introduces.
fn check_format(root: &mut Reader<'_>) -> Result<(), Failure> {
    let way_out = format!("write format = {FORMAT}");
    let Some(entry) = root.get("format") else {
        return Err(Failure::configuration(
            "format_missing",
            "the configuration does not say the version of its format",
            format!("{way_out} as its first line"),
        ));
    };
    let found = entry.whole().map_err(|_| entry.wrong("format_unreadable", "is no version", &way_out))?;
    match found {
        FORMAT => Ok(()),
        newer if newer > FORMAT => Err(entry.wrong(
            "format_newer",
            format_args!("is {newer}, and this program reads version {FORMAT}"),
            "use the newer halo-hit that wrote this file",
        )),
        older => Err(entry.wrong("format_unknown", format_args!("is {older}, which never was"), &way_out)),
    }
}

fn read(root: &mut Reader<'_>, path: &Path, folder: &Path) -> Result<Config, Failure> {
    let mut storage = root.section("storage")?;
    let database = folder.join(storage.text("database")?.unwrap_or_else(|| "halo-hit.db".to_owned()));
    storage.finish()?;
    let mut settings = Settings::default();
    let halo = read_halo(root.section("halo")?, &mut settings)?;
    let hit = read_hit(root.section("hit")?, &mut settings)?;
    let timing = read_timing(root.section("timing")?, &mut settings)?;
    let webhooks = read_webhooks(root.section("webhooks")?)?;
    settings::read(root, &mut settings)?;
    sync::read(root, &mut settings)?;
    Ok(Config { path: path.to_owned(), database, halo, hit, timing, webhooks, settings })
}

fn read_halo(mut halo: Reader<'_>, settings: &mut Settings) -> Result<Halo, Failure> {
    let details = "copy it from Configuration > Integrations > HaloPSA API";
    let resource_server = address::read(&mut halo, "resource_server", details)?;
    let authorisation_server = address::read(&mut halo, "authorisation_server", details)?;
    let tenant =
        halo.text("tenant")?.map(|tenant| tenant.trim().to_owned()).filter(|tenant| !tenant.is_empty());
    let application = "copy the Client ID of the API application from Halo, after its permissions were saved";
    let client_id = halo.need("client_id", "client_id_missing", application)?.text()?.trim().to_owned();
    let time_zone = read_time_zone(&mut halo, settings)?;
    settings.project.halo_currency = Some(read_currency(&mut halo)?);
    let scopes = halo.texts("scopes")?.unwrap_or_else(|| vec!["all:standard".to_owned()]);
    let rate_limit = read_rate(&mut halo)?;
    let full_read_share = halo.number("full_read_share", 50, 1, 100)?;
    let concurrency = halo.number("concurrency", 2, 1, 32)?;
    let places =
        [("external_link", MarkerPlace::ExternalLink), ("client_reference", MarkerPlace::ClientReference)];
    let marker = halo.get("marker").map(|entry| entry.word(&places)).transpose()?.unwrap_or_default();
    halo.finish()?;
    Ok(Halo {
        resource_server,
        authorisation_server,
        tenant,
        client_id,
        scopes,
        time_zone,
        rate_limit,
        full_read_share,
        concurrency,
        marker,
    })
}

fn read_time_zone(halo: &mut Reader<'_>, settings: &mut Settings) -> Result<TimeZone, Failure> {
    let way_out =
        "write the IANA name of the zone in which this tenant's days are meant, such as \"Europe/London\"";
    let entry = halo.need("time_zone", "time_zone_missing", way_out)?;
    let name = entry.text()?.trim();
    let zone = TimeZone::get(name).map_err(|error| {
        entry
            .wrong("time_zone_unknown", format_args!("is {name:?}, which is no time zone"), way_out)
            .with_source(error)
    })?;
    settings.project.time_zone = Some(name.into());
    Ok(zone)
}

fn read_currency(section: &mut Reader<'_>) -> Result<sync_core::value::Currency, Failure> {
    let way_out = "write the three letters of the currency its amounts are in, such as \"EUR\"";
    let entry = section.need("currency", "currency_missing", way_out)?;
    let text = entry.text()?;
    text.parse().map_err(|_| {
        entry.wrong("currency_unknown", format_args!("is {text:?}, which is no currency"), way_out)
    })
}

fn read_rate(section: &mut Reader<'_>) -> Result<RateLimit, Failure> {
    let Some(entry) = section.get("rate_limit") else { return Ok(RateLimit::default()) };
    let (requests, window) = words::rate(entry.text()?).ok_or_else(|| {
        entry.wrong("rate_unreadable", "is no rate", "write \"REQUESTS/SECONDS\", such as \"60/60\"")
    })?;
    Ok(RateLimit { requests, window })
}

fn read_hit(mut hit: Reader<'_>, settings: &mut Settings) -> Result<Hit, Failure> {
    let base_url = address::read(&mut hit, "base_url", "write the address of the HumanizeIT API")?;
    settings.project.hit_currency = Some(read_currency(&mut hit)?);
    let rate_limit = read_rate(&mut hit)?;
    let concurrency = hit.number("concurrency", 2, 1, 32)?;
    let built_in_sync_is_off = hit.flag("built_in_sync_is_off", false)?;
    hit.finish()?;
    Ok(Hit { base_url, rate_limit, concurrency, built_in_sync_is_off })
}

fn read_webhooks(mut webhooks: Reader<'_>) -> Result<Webhooks, Failure> {
    let public_url = address::read_if_there(&mut webhooks, "public_url")?;
    let listen = match webhooks.get("listen") {
        Some(entry) => {
            let text = entry.text()?.trim();
            let way_out = "write an address of this machine and a port, such as \"127.0.0.1:8787\"";
            text.parse().map_err(|_| {
                entry.wrong("listen_unreadable", format_args!("is {text:?}, which is no address"), way_out)
            })?
        }
        None => LISTEN,
    };
    let read = Webhooks {
        public_url,
        listen,
        halo: webhooks.flag("halo", true)?,
        hit: webhooks.flag("hit", true)?,
        debounce: webhooks.duration("debounce", Duration::from_secs(5))?,
        grace: webhooks.duration("grace", Duration::from_secs(120))?,
    };
    webhooks.finish()?;
    Ok(read)
}

fn read_timing(mut timing: Reader<'_>, settings: &mut Settings) -> Result<Timing, Failure> {
    let sync = &mut settings.sync;
    let known = |ms: i64| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let read = Timing {
        request_timeout: timing.duration("request_timeout", Duration::from_secs(30))?,
        deadline: timing.duration("deadline", Duration::from_secs(300))?,
        settle: timing.duration("settle", known(sync.settle_ms))?,
        promotion_wait: timing.duration("promotion_wait", known(sync.promotion.wait_ms))?,
        poll: timing.duration("poll", Duration::from_secs(300))?,
        full_read: timing.duration("full_read", Duration::from_secs(24 * 3600))?,
        overlap: timing.duration("overlap", Duration::from_secs(120))?,
        plan_expiry: timing.duration("plan_expiry", Duration::from_secs(24 * 3600))?,
    };
    let absence = timing.duration("absence", known(sync.absence_interval_ms))?;
    timing.finish()?;
    if read.settle < read.request_timeout {
        // A request can still be on its way when its attempt ends.
        return Err(Failure::configuration(
            "settle_too_short",
            "timing.settle is shorter than timing.request_timeout, so a request given up could still be carried out \
             after it",
            "make settle at least as long as request_timeout",
        ));
    }
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    sync.settle_ms = millis(read.settle);
    sync.promotion.wait_ms = millis(read.promotion_wait);
    sync.absence_interval_ms = millis(absence);
    Ok(read)
}

/// Refuses settings that do not fit what the two systems have.
///
/// # Errors
/// [`Configuration`](crate::exit::Exit::Configuration) with the first error; the others are counted. Warnings pass.
pub fn refuse(findings: &[Finding]) -> Result<(), Failure> {
    let mut errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let Some(first) = errors.next() else { return Ok(()) };
    let more = match errors.count() {
        0 => String::new(),
        1 => " (and one more problem)".to_owned(),
        count => format!(" (and {count} more problems)"),
    };
    let sentence = first.message.trim_end_matches('.');
    Err(Failure::configuration(
        settings::stable_code(&first.code),
        format!("{}: {sentence}{more}", settings::key_of(&first.place)),
        "`halo-hit check` shows every problem with the ids to choose from",
    ))
}
