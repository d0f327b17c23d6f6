//! Steps 1 to 4: what this is, the connection, the check, the settings.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::json;
use sync_core::ids::{HitClientId, Kind};
use sync_core::settings::{Severity, validate};

use super::Story;
use super::choices::{Choices, ENFORCED, Names, PROMOTION_WAIT, SETTLE, TIMEOUT};
use super::days::nothing_to_show;
use crate::app::App;
use crate::check::{self, Inputs, Report, State};
use crate::engine::Reach;
use crate::exit::Failure;

/// What is broken for the check to find.
const BROKEN: &str = "agent_not_in_team";
/// The type of new projects that is changed to.
const NEXT_TYPE: &str = "Infrastructure Project";

impl Story {
    pub(super) async fn banner(&mut self) -> Result<(), Failure> {
        let counts = self.control.counts().await?;
        let tell = &mut self.tell;
        tell.title("halo-hit demo: a HumanizeIT roadmap and a HaloPSA tenant kept in step");
        tell.step("What this is");
        tell.say(format!(
            "A sandbox on this machine with invented data (seed {}). It is not HaloPSA and not HumanizeIT, and this \
             project is affiliated with neither vendor. HumanizeIT publishes no API: the one spoken here is this \
             project's own assumption.",
            self.seed
        ));
        tell.say(format!(
            "Times are shortened: timeout {}, settle {}, promotion wait {}. The servers enforce {} requests per {} s.",
            seconds(TIMEOUT),
            seconds(SETTLE),
            seconds(PROMOTION_WAIT),
            ENFORCED.0,
            ENFORCED.1
        ));
        tell.say(format!("Totals below are asked from the servers. Writes so far: {}.", counts.writes()));
        Ok(())
    }

    pub(super) async fn connection(&mut self) -> Result<(), Failure> {
        self.tell.step("Connect: the address as it is often mistyped, then as Halo shows it");
        let mistyped = self.desk.read(&self.desk.choices.misplaced())?;
        let app = App::with_store(mistyped, self.desk.app.store.clone(), self.desk.app.wait);
        match app.connect(&self.desk.secrets()?).await {
            Err(refused) => {
                self.tell.bad(format!("refused ({}): {refused}", refused.code()));
            }
            Ok(_) => self.tell.say("The mistyped address was accepted."),
        }
        let systems = self.desk.connect().await?;
        let (_, scopes) = self.control.token().await?;
        let tenant = self.desk.app.config.halo.tenant_name().to_owned();
        self.tell.good(format!(
            "connected: Halo tenant {tenant:?} (scopes {scopes}), HumanizeIT account {:?}",
            systems.account.name
        ));
        Ok(())
    }

    pub(super) async fn check(&mut self) -> Result<(), Failure> {
        let catalogue = self.desk.plan(Reach::Everything).await?.view.catalogue;
        self.desk.choices.choose(&catalogue)?;
        self.clients = self.validation_clients().await?;
        self.desk.choices.validation.clone_from(&self.clients);
        self.desk.write().await?;

        self.tell.step("Check: the setup, before anything is written");
        // The type that is chosen in the next step must be there to be chosen.
        let mut wanted = self.desk.choices.clone();
        let next = Names(&catalogue).ticket_type(NEXT_TYPE)?;
        if let Some(chosen) = wanted.kind(Kind::Project) {
            chosen.followed.push(next);
        }
        let rights = self.least_role(&wanted).await?;
        self.tell.say(format!(
            "From here on the agent has the role that `halo-hit check --role` prints, and nothing more: {rights} rights."
        ));
        self.control.breaks(&[BROKEN]).await?;
        let broken = self.checked().await?;
        self.tell.command("halo-hit check");
        for finding in broken.findings.iter().filter(|finding| finding.state == State::Fails) {
            self.tell.bad(format!("fails: {}", finding.code));
            for line in finding.evidence.iter().take(3) {
                self.tell.item(line);
            }
            self.tell.say(format!("Fix: {}", finding.fix));
        }
        self.control.breaks(&[]).await?;
        let mended = self.checked().await?;
        let sum = mended.summary;
        self.tell.good(format!(
            "After that click: {} ok, {} to know of, {} fail, {} cannot be told.",
            sum.ok, sum.warning, sum.fails, sum.cannot_tell
        ));
        for code in mended.in_state(State::Fails).chain(mended.in_state(State::Warning)) {
            self.tell.item(code);
        }
        Ok(())
    }

    /// Gives the agent the role that these choices need; answers how many rights that is.
    async fn least_role(&self, choices: &Choices) -> Result<usize, Failure> {
        let config = self.desk.read(choices)?;
        let settings = config.settings.clone();
        let role = check::role(&Inputs::new(&config, &self.desk.secrets()?, settings)).await;
        self.control.role(&role).await?;
        Ok(role.rights.len())
    }

    async fn checked(&self) -> Result<Report, Failure> {
        let settings = self.desk.app.settings().await?;
        let inputs = Inputs::new(&self.desk.app.config, &self.desk.secrets()?, settings);
        Ok(check::run(&inputs).await)
    }

    /// The clients to try it on: one that HumanizeIT already refers to, and one that shares its name with another.
    async fn validation_clients(&mut self) -> Result<Vec<String>, Failure> {
        let looked = self.desk.plan(Reach::Changes).await?;
        let view = &looked.view;
        let items =
            |client: &HitClientId| view.snapshot.items.iter().filter(|item| item.client == *client).count();
        let linked = view.directory.clients.keys().max_by_key(|client| (items(client), Reverse(*client)));
        let mut names: BTreeMap<String, Vec<&HitClientId>> = BTreeMap::new();
        for (id, client) in &view.catalogue.hit_clients {
            if !view.directory.clients.contains_key(id) {
                names.entry(client.name.to_lowercase()).or_default().push(id);
            }
        }
        let mut same = names.into_values().filter(|ids| ids.len() > 1);
        let namesakes = same.next().ok_or_else(|| nothing_to_show("two clients of one name"))?;
        let busy =
            namesakes.iter().copied().filter(|id| items(id) > 0).min_by_key(|id| (items(id), Reverse(*id)));
        let chosen = linked.into_iter().chain(busy).map(ToString::to_string).collect();
        // A domain would tell the two apart.
        let edits: Vec<_> = namesakes
            .iter()
            .map(|id| json!({"side": "hit", "client_id": id.as_str(), "set": {"domain": null}}))
            .collect();
        self.control.edits(json!(edits)).await?;
        Ok(chosen)
    }

    pub(super) async fn settings(&mut self) -> Result<(), Failure> {
        self.tell.step("Settings: another ticket type, and what depended on the old one");
        let catalogue = self.desk.plan(Reach::Changes).await?.view.catalogue;
        let names = Names(&catalogue);
        let (old, new) = (names.ticket_type("Project")?, names.ticket_type(NEXT_TYPE)?);
        let before = self.desk.choices.clone();
        if let Some(chosen) = self.desk.choices.kind(Kind::Project) {
            chosen.create_type = new;
            chosen.followed = vec![old];
        }
        // The page keeps what was chosen for the old type.
        if let Some(map) = before.maps.get(&old) {
            self.desk.choices.maps.insert(new, map.clone());
        }
        let config = self.desk.read(&self.desk.choices)?;
        let found = validate(&config.settings, &catalogue);
        let errors: Vec<_> = found.iter().filter(|finding| finding.severity == Severity::Error).collect();
        self.tell.say(format!(
            "New projects: type \"Project\" becomes \"Infrastructure Project\". {} dependent choices do not fit it:",
            errors.len()
        ));
        for finding in &errors {
            self.tell.item(format!("{}: {}", finding.code, finding.message));
        }
        // Chosen again: a status that only the old type has no longer stands in the new one's map, one that only the
        // new type has stands there, and the field it demands gets a value.
        let (fresh, approved) = (names.halo(new, "New")?, names.hit("Approved")?);
        if let Some(map) = self.desk.choices.maps.get_mut(&new) {
            let of = catalogue.ticket_types.get(&new);
            map.to_hit.retain(|status, _| of.is_some_and(|of| of.allows(*status)));
            map.to_hit.insert(fresh, Some(approved));
        }
        let required = catalogue.ticket_types.get(&new).map(|of| of.required.clone()).unwrap_or_default();
        if let Some(chosen) = self.desk.choices.kind(Kind::Project) {
            chosen.required = required.keys().map(|field| (field.to_string(), "1".to_owned())).collect();
        }
        self.desk.write().await?;
        self.least_role(&self.desk.choices).await?;
        let found = validate(&self.desk.app.config.settings, &catalogue);
        let errors = found.iter().filter(|finding| finding.severity == Severity::Error).count();
        self.tell.good(format!("Chosen again: {errors} errors. Existing \"Project\" tickets stay followed."));
        Ok(())
    }
}

/// A duration of the configuration, as prose has it.
fn seconds(text: &str) -> String {
    text.replace('s', " s")
}
