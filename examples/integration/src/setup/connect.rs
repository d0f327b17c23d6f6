//! The first part of the conversation: the guide's steps in Halo, the addresses, the credentials, HumanizeIT. Every
//! answer is verified when it is given.

use std::path::Path;

use halo_client::Client as HaloClient;
use hit_client::{Account, Integration};
use secrecy::SecretString;
use sync_core::catalogue::Catalogue;
use sync_core::ids::{HaloClientId, HitClientId};
use sync_core::settings::Settings;

use super::choice::Choice;
use super::talk::Talk;
use super::{Draft, import};
use crate::check::{self, Finding, Inputs, Report, State};
use crate::config::{Config, MarkerPlace};
use crate::engine::halo::HaloSide;
use crate::engine::halo::read::Reading;
use crate::engine::hit::HitSide;
use crate::exit::Failure;
use crate::render::Style;
use crate::secrets::{SecretName, Secrets};

/// What both systems have.
pub(super) struct World {
    pub(super) halo: HaloClient,
    pub(super) account: Account,
    pub(super) catalogue: Catalogue,
    /// Clients that HumanizeIT itself refers to Halo clients.
    pub(super) stored: Vec<(HitClientId, HaloClientId)>,
    /// HumanizeIT's own settings, where they can be read.
    pub(super) integration: Option<Integration>,
    pub(super) secrets: Secrets,
}

/// An address that no request reaches, for the part of a configuration that is not known yet.
const NOWHERE: &str = "http://127.0.0.1:9/api";

/// A configuration of what is known so far.
fn so_far(draft: &Draft) -> Result<Config, Failure> {
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let mut document = toml_edit::DocumentMut::new();
    document["format"] = toml_edit::value(crate::config::FORMAT);
    document["halo"]["resource_server"] = toml_edit::value(or(&draft.resource_server, NOWHERE));
    document["halo"]["authorisation_server"] =
        toml_edit::value(or(&draft.authorisation_server, "http://127.0.0.1:9/auth"));
    if let Some(tenant) = &draft.tenant {
        document["halo"]["tenant"] = toml_edit::value(tenant.as_str());
    }
    document["halo"]["client_id"] = toml_edit::value(or(&draft.client_id, "none"));
    document["halo"]["time_zone"] = toml_edit::value("UTC");
    document["halo"]["currency"] = toml_edit::value("USD");
    document["hit"]["base_url"] = toml_edit::value(or(&draft.base_url, NOWHERE));
    document["hit"]["currency"] = toml_edit::value("USD");
    Config::parse(Path::new(""), &document.to_string())
}

fn inputs(draft: &Draft, halo: &SecretString, hit: &SecretString) -> Result<Inputs, Failure> {
    let secrets = Secrets { halo: halo.clone(), hit: hit.clone() };
    Ok(Inputs::new(&so_far(draft)?, &secrets, Settings::default()))
}

/// Nothing, where a secret is not known yet.
fn none() -> SecretString {
    SecretString::from("none")
}

/// What fails first, as the end of a command that nobody can talk with.
fn failure(finding: &Finding) -> Failure {
    let code = check::topic(&finding.code).map_or("check_failed", |topic| topic.code);
    let saw = finding.evidence.join("; ");
    Failure::new(
        finding.class(),
        code,
        format!("{} ({saw})", finding.title),
        finding.fix.trim_end_matches('.'),
    )
}

/// Shows what fails and what there is to know of; gives the first failure.
pub(super) fn show(report: &Report, talk: &mut Talk<'_>) -> Option<Finding> {
    let bad = |state| matches!(state, State::Fails | State::Warning);
    for finding in report.findings.iter().filter(|finding| bad(finding.state)) {
        let (style, word) = match finding.state {
            State::Fails => (Style::Bad, "fails"),
            _ => (Style::Warning, "to know"),
        };
        talk.styled(style, &format!("{word}: {} ({})", finding.title, finding.code));
        talk.items(finding.evidence.iter().take(4));
        talk.say(&format!("What follows: {}", finding.consequence));
        talk.say(&format!("What to do: {}", finding.fix));
    }
    report.findings.iter().find(|finding| finding.state == State::Fails).cloned()
}

impl Draft {
    /// Everything up to both systems' lists.
    pub(super) async fn connect(&mut self, talk: &mut Talk<'_>) -> Result<World, Failure> {
        in_halo(talk)?;
        self.addresses(talk).await?;
        let (halo, halo_secret) = self.credentials(talk).await?;
        let (account, hit_key) = self.humanizeit(talk).await?;
        let secrets = Secrets { halo: halo_secret, hit: hit_key };
        self.lists(talk, halo, account, secrets).await
    }

    async fn addresses(&mut self, talk: &mut Talk<'_>) -> Result<(), Failure> {
        talk.heading("4  Where your Halo is");
        talk.say(
            "Halo: Configuration > Integrations > HaloPSA API shows three values under API Details: Resource Server, \
             Authorisation Server and Tenant. (HumanizeIT calls the first one Tenant URL.)",
        );
        loop {
            let id = "halo.resource_server";
            self.resource_server = with_scheme(&talk.text(id, "Resource Server", None)?);
            self.authorisation_server.clear();
            let config = match so_far(self) {
                Ok(config) => config,
                Err(wrong) => {
                    talk.styled(Style::Bad, &wrong.to_string());
                    talk.refuse(id, &wrong)?;
                    continue;
                }
            };
            if let Some(problem) =
                config.address_problems().into_iter().find(|problem| problem.code().starts_with("resource"))
            {
                talk.styled(Style::Bad, &problem.to_string());
                talk.refuse(id, &problem)?;
                if let Some(meant) = problem.way_out().split('"').nth(1) {
                    talk.suggest(id, vec![meant.to_owned()], "probably meant");
                }
                continue;
            }
            let (report, found) = check::discovery(&inputs(self, &none(), &none())?).await;
            if let Some(finding) = show(&report, talk) {
                talk.refuse(id, &failure(&finding))?;
                continue;
            }
            if let Some(server) = &found.authorisation_server {
                talk.styled(Style::Good, "Halo answers there, and names its authorisation server.");
                talk.suggest("halo.authorisation_server", vec![server.clone()], "Halo says so");
            }
            if let Some(tenant) = &found.tenant {
                talk.suggest("halo.tenant", vec![tenant.clone()], "Halo says so");
            }
            break;
        }
        self.authorisation_server(talk)?;
        self.tenant = talk.text_or_none("halo.tenant", "Tenant", None)?;
        Ok(())
    }

    fn authorisation_server(&mut self, talk: &mut Talk<'_>) -> Result<(), Failure> {
        let id = "halo.authorisation_server";
        let usual = self
            .resource_server
            .trim_end_matches('/')
            .strip_suffix("/api")
            .map(|root| format!("{root}/auth"));
        loop {
            self.authorisation_server =
                with_scheme(&talk.text(id, "Authorisation Server", usual.as_deref())?);
            let problem = match so_far(self) {
                Ok(config) => config.address_problems().into_iter().next(),
                Err(wrong) => Some(wrong),
            };
            let Some(problem) = problem else { return Ok(()) };
            talk.styled(Style::Bad, &problem.to_string());
            talk.refuse(id, &problem)?;
            if let Some(meant) = problem.way_out().split('"').nth(1) {
                talk.suggest(id, vec![meant.to_owned()], "probably meant");
            }
        }
    }

    async fn credentials(&mut self, talk: &mut Talk<'_>) -> Result<(HaloClient, SecretString), Failure> {
        talk.heading("5  The API application's credentials");
        talk.say(
            "Client ID and Client Secret stand on the application's Authentication tab. The Client ID may have changed \
             when the permissions were saved: copy it now. The secret is shown once, when it is made; it is used for this \
             conversation and kept nowhere.",
        );
        let mut secret: Option<SecretString> = None;
        self.client_id = talk.text("halo.client_id", "Client ID", None)?;
        loop {
            let known = match &secret {
                Some(known) => known.clone(),
                None => talk.secret(SecretName::Halo)?,
            };
            secret = Some(known.clone());
            let (report, client) = check::connection(&inputs(self, &known, &none())?).await;
            let failed = show(&report, talk);
            if let (Some(client), None) = (client, &failed) {
                let who = report.get("agent_inactive").and_then(|finding| finding.evidence.first());
                talk.styled(Style::Good, "A token was issued.");
                talk.items(who);
                return Ok((client, known));
            }
            let Some(finding) = failed else {
                return Err(Failure::other(
                    "halo_silent",
                    "Halo does not say what is wrong",
                    "run `halo-hit check`",
                ));
            };
            self.mend(&finding, talk, &mut secret).await?;
        }
    }

    /// Asks for what the finding speaks of again, or waits until it was mended on Halo's side.
    async fn mend(
        &mut self,
        finding: &Finding,
        talk: &mut Talk<'_>,
        secret: &mut Option<SecretString>,
    ) -> Result<(), Failure> {
        let why = failure(finding);
        match &*finding.code {
            "credentials_refused" => {
                let again = [
                    Choice::new("client_id", "the Client ID", ""),
                    Choice::new("secret", "the Client Secret", ""),
                    Choice::new("both", "both", ""),
                    Choice::new("again", "nothing: it was mended in Halo", ""),
                ];
                talk.refuse("halo.client_id", &why)?;
                talk.refuse("again.credentials", &why)?;
                let which = talk.one("again.credentials", "What do you type again?", &again, Some(1))?;
                if which == 0 || which == 2 {
                    self.client_id =
                        talk.text("halo.client_id", "Client ID", Some(&self.client_id.clone()))?;
                } else {
                    talk.remember("halo.client_id", vec![self.client_id.clone()]);
                }
                if which == 1 || which == 2 {
                    talk.refuse_secret(SecretName::Halo, &why)?;
                    *secret = None;
                }
            }
            "tenant_unknown" => {
                talk.refuse("halo.tenant", &why)?;
                self.tenant = talk.text_or_none("halo.tenant", "Tenant", None)?;
            }
            code if code.starts_with("authorisation_server") => {
                talk.refuse("halo.authorisation_server", &why)?;
                self.authorisation_server(talk)?;
            }
            code if code.starts_with("resource_server") => {
                talk.refuse("halo.resource_server", &why)?;
                talk.refuse("halo.authorisation_server", &why)?;
                talk.refuse("halo.tenant", &why)?;
                self.addresses(talk).await?;
            }
            // Everything else is mended where Halo's own screens are.
            code => {
                let id = format!("again.{code}");
                talk.refuse(&id, &why)?;
                talk.go_on(&id, "Press Enter when it is done, to try again")?;
            }
        }
        Ok(())
    }

    async fn humanizeit(&mut self, talk: &mut Talk<'_>) -> Result<(Account, SecretString), Failure> {
        talk.heading("6  Where your HumanizeIT is");
        talk.say(
            "HumanizeIT publishes no API: the one spoken here is this project's own assumption (hit-client/openapi.yaml). \
             The key is made under My Company > Integrations; it is used for this conversation and kept nowhere.",
        );
        let id = "hit.base_url";
        let mut key: Option<SecretString> = None;
        let mut ask = true;
        loop {
            if ask {
                self.base_url = with_scheme(&talk.text(id, "Address of the API", None)?);
                if let Err(wrong) = so_far(self) {
                    talk.styled(Style::Bad, &wrong.to_string());
                    talk.refuse(id, &wrong)?;
                    continue;
                }
                ask = false;
            }
            let known = match &key {
                Some(known) => known.clone(),
                None => talk.secret(SecretName::Hit)?,
            };
            key = Some(known.clone());
            let (report, account) = check::account(&inputs(self, &none(), &known)?).await;
            // Whether its own sync is on is asked about when both sides are known.
            let connecting = Report::new(
                report
                    .findings
                    .iter()
                    .filter(|finding| finding.code != "hit_built_in_sync_on")
                    .cloned()
                    .collect(),
            );
            let failed = show(&connecting, talk);
            match (account, failed) {
                (Some(account), None) => {
                    talk.styled(Style::Good, &format!("The key is that of the account {}.", account.name));
                    self.account = account.name.clone();
                    self.built_in(&report, talk)?;
                    return Ok((account, known));
                }
                (_, Some(finding)) if finding.code == "hit_credentials_refused" => {
                    talk.refuse_secret(SecretName::Hit, &failure(&finding))?;
                    key = None;
                }
                (_, Some(finding)) => {
                    talk.refuse(id, &failure(&finding))?;
                    ask = true;
                }
                (None, None) => {
                    return Err(Failure::other(
                        "hit_silent",
                        "HumanizeIT does not say what is wrong",
                        "run `halo-hit check`",
                    ));
                }
            }
        }
    }

    /// HumanizeIT's own Halo sync must be off before anything is written; it need not be off for the setup.
    fn built_in(&mut self, report: &Report, talk: &mut Talk<'_>) -> Result<(), Failure> {
        let Some(finding) = report.get("hit_built_in_sync_on") else { return Ok(()) };
        match finding.state {
            State::Fails => {
                show(&Report::new(vec![finding.clone()]), talk);
                talk.say("The setup goes on; `apply` and `sync` refuse to write until it is off.");
            }
            State::CannotTell => {
                talk.say(
                    "HumanizeIT does not say whether its own Halo sync is on. Two programs that write the same fields \
                     undo each other's work.",
                );
                self.built_in_sync_is_off =
                    talk.yes("hit.built_in_sync_is_off", "Have you seen that it is switched off?", false)?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn lists(
        &mut self,
        talk: &mut Talk<'_>,
        halo: HaloClient,
        account: Account,
        secrets: Secrets,
    ) -> Result<World, Failure> {
        let config = so_far(self)?;
        let all = inputs(self, &secrets.halo, &secrets.hit)?;
        let progress = talk.out.look().bars.then(|| talk.out.progress("Reading both systems' lists", None));
        let mut catalogue = Catalogue::default();
        let side = HaloSide::new(halo.clone(), MarkerPlace::default(), Reading::nothing());
        let read = side.catalogue(&mut catalogue).await;
        let api = all.hit.api.as_ref().map_err(|error| crate::remote::hit_failure(error, &config))?.clone();
        let hit = HitSide::new(api.clone(), config.halo.tenant_name());
        let stored = hit.catalogue(&mut catalogue).await;
        let integration = api.integration().await.ok();
        drop(progress);
        read.map_err(|error| crate::remote::halo_failure(&error, &config))?;
        let stored = stored.map_err(|error| crate::remote::hit_failure(&error, &config))?;
        talk.styled(
            Style::Good,
            &format!(
                "Read: {} sales and project types, {} statuses, {} agents, {} teams and {} clients of Halo; {} statuses, \
                 {} people and {} clients of HumanizeIT.",
                catalogue.ticket_types.len(),
                catalogue.statuses.len(),
                catalogue.agents.len(),
                catalogue.teams.len(),
                catalogue.halo_clients.len(),
                catalogue.hit_statuses.len(),
                catalogue.members.len(),
                catalogue.hit_clients.len()
            ),
        );
        if let Some(found) = integration.as_ref().filter(|found| import::has_something(found)) {
            talk.say("HumanizeIT's own Halo settings hold choices that can be taken over as suggestions:");
            talk.items(import::describe(found, &catalogue));
            if talk.yes("import", "Take them over? Each is still shown", true)? {
                import::suggest_integration(found, &catalogue, talk);
            }
        }
        Ok(World { halo, account, catalogue, stored, integration, secrets })
    }
}

/// The guide's steps on Halo's screens.
fn in_halo(talk: &mut Talk<'_>) -> Result<(), Failure> {
    talk.heading("1  In Halo: a role");
    talk.say("The role says what the integration may do. As little as it needs is best; `halo-hit check` names what is too much.");
    talk.items([
        "Configuration > Teams & Agents > Roles > New, a name such as HumanizeITAPI, Save.",
        "Permissions tab, Edit: Tickets, Projects (where shown) and Sales \"Read and Modify\", Customers \"Read Only\"; yes to adding tickets, \
         viewing unassigned and others' tickets, editing tickets not assigned to it, always updating the status; \
         everything else stays \"Not set\". Save.",
        "Departments & Teams: the teams of your sales and project tickets; departments Support, Sales and Projects; \
         Membership \"Modify All\". Save. What the role may not see, Halo leaves out of lists without a word.",
    ]);
    talk.go_on("halo.role", "Enter when the role is there")?;
    talk.heading("2  In Halo: an agent");
    talk.items([
        "Configuration > Teams & Agents > Agents > New, a Username such as HumanizeIT, with that role.",
        "Tick \"Is an API-only Agent\"; choose a Default team (without one it cannot see the other agents); Work Hours: \
         24 Hours. Save.",
    ]);
    talk.go_on("halo.agent", "Enter when the agent is there")?;
    talk.heading("3  In Halo: an API application");
    talk.items([
        "Configuration > Integrations > HaloPSA API > View Applications > New; a name, and tick Active.",
        "Authentication Method \"Client ID and Secret (Services)\"; Login Type Agent; Agent to log in as: that agent. \
         Copy the Client Secret to a safe place: it is shown once.",
        "Permissions tab: tick all:standard (admin:webhooks only if you will receive webhooks). Save, then copy the \
         Client ID: it may have changed with the permissions.",
    ]);
    talk.go_on("halo.application", "Enter when the application is there")
}

/// An address as people type it, in full.
fn with_scheme(text: &str) -> String {
    if text.contains("://") || text.is_empty() { text.to_owned() } else { format!("https://{text}") }
}
