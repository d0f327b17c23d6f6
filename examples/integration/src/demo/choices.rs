//! What the user of the demo chooses, from what both systems have, and the configuration file that it becomes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sandbox::Info;
use sync_core::catalogue::Catalogue;
use sync_core::ids::{HitStatusId, Kind, StatusId, TeamId, TicketTypeId};

use crate::exit::Failure;

/// One attempt of one request.
pub(super) const TIMEOUT: &str = "1s";
/// How long a lost request may still be carried out.
pub(super) const SETTLE: &str = "2s";
/// How long a promotion waits for Halo's own workflow.
pub(super) const PROMOTION_WAIT: &str = "3s";
/// What the servers enforce: requests in seconds.
pub(super) const ENFORCED: (u32, u32) = (500, 3);
/// What the sync keeps: less, because the demo asks the servers too.
const KEPT: &str = "420/3";

/// Statuses of one ticket type against those of HumanizeIT.
#[derive(Debug, Clone, Default)]
pub(super) struct Map {
    /// HumanizeIT to Halo; nothing is "ignore".
    pub(super) to_halo: BTreeMap<HitStatusId, Option<StatusId>>,
    /// Halo to HumanizeIT.
    pub(super) to_hit: BTreeMap<StatusId, Option<HitStatusId>>,
}

/// What is chosen for a kind.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) create_type: TicketTypeId,
    pub(super) followed: Vec<TicketTypeId>,
    pub(super) team: TeamId,
    pub(super) required: BTreeMap<String, String>,
}

/// Everything that is chosen.
#[derive(Debug, Clone)]
pub(super) struct Choices {
    resource_server: String,
    info: Info,
    time_zone: String,
    currency: String,
    pub(super) global: bool,
    pub(super) validation: Vec<String>,
    pub(super) kinds: Option<[Chosen; 2]>,
    pub(super) create: BTreeMap<HitStatusId, &'static str>,
    pub(super) maps: BTreeMap<TicketTypeId, Map>,
}

impl Choices {
    /// The addresses alone, as somebody types them from the screens.
    pub(super) fn addresses(info: &Info) -> Self {
        Self {
            resource_server: info.halo.resource_server.clone(),
            info: info.clone(),
            time_zone: "America/Chicago".to_owned(),
            currency: "USD".to_owned(),
            global: false,
            validation: Vec::new(),
            kinds: None,
            create: BTreeMap::new(),
            maps: BTreeMap::new(),
        }
    }

    /// The same with `/api` where it does not belong: in front of a further path.
    pub(super) fn misplaced(&self) -> Self {
        Self { resource_server: format!("{}/tickets", self.info.halo.resource_server), ..self.clone() }
    }

    /// What `check` lists, chosen by name as a person would.
    pub(super) fn choose(&mut self, catalogue: &Catalogue) -> Result<(), Failure> {
        let has = Names(catalogue);
        let (opportunity, project) = (has.ticket_type("Opportunity")?, has.ticket_type("Project")?);
        let chosen = |create_type, team| {
            Ok::<_, Failure>(Chosen {
                create_type,
                followed: Vec::new(),
                team: has.team(team)?,
                required: BTreeMap::new(),
            })
        };
        self.kinds = Some([chosen(opportunity, "Sales")?, chosen(project, "Projects")?]);
        let (recommended, qualified) = (has.hit("Recommended")?, has.hit("Qualified")?);
        let (approved, working) = (has.hit("Approved")?, has.hit("Work in Progress")?);
        self.create = [
            (recommended.clone(), "nothing"),
            (qualified.clone(), "opportunity"),
            (approved.clone(), "project"),
            (working.clone(), "project"),
        ]
        .into();
        let of = |ticket_type, name| has.halo(ticket_type, name);
        let mut sales = Map::default();
        sales.to_halo.insert(recommended.clone(), Some(of(opportunity, "Lead")?));
        sales.to_halo.insert(qualified.clone(), Some(of(opportunity, "Qualified")?));
        sales.to_halo.insert(approved.clone(), None);
        sales.to_halo.insert(working.clone(), None);
        for (name, to) in [
            ("Lead", Some(&recommended)),
            ("Qualified", Some(&qualified)),
            ("Quote Sent", Some(&qualified)),
            ("Negotiation", Some(&qualified)),
            ("Won", Some(&approved)),
            ("Lost", None),
            ("On Hold", None),
        ] {
            sales.to_hit.insert(of(opportunity, name)?, to.cloned());
        }
        let mut delivery = Map::default();
        delivery.to_halo.insert(recommended.clone(), None);
        delivery.to_halo.insert(qualified, None);
        delivery.to_halo.insert(approved.clone(), Some(of(project, "Planning")?));
        delivery.to_halo.insert(working.clone(), Some(of(project, "Work in Progress")?));
        for (name, to) in [
            ("Planning", Some(&approved)),
            ("Ready to Start", Some(&approved)),
            ("Work in Progress", Some(&working)),
            ("Customer Review", Some(&working)),
            ("On Hold", None),
            ("Completed", None),
        ] {
            delivery.to_hit.insert(of(project, name)?, to.cloned());
        }
        self.maps = [(opportunity, sales), (project, delivery)].into();
        Ok(())
    }

    /// The choices of a kind.
    pub(super) fn kind(&mut self, kind: Kind) -> Option<&mut Chosen> {
        let place = usize::from(kind == Kind::Project);
        self.kinds.as_mut().map(|kinds| &mut kinds[place])
    }

    /// The ticket type of new tickets, of opportunities (0) or projects (1).
    pub(super) fn create_type(&self, kind: usize) -> Result<TicketTypeId, Failure> {
        let chosen = self.kinds.as_ref().and_then(|kinds| kinds.get(kind));
        chosen.map(|chosen| chosen.create_type).ok_or_else(|| missing("choice", "create_type"))
    }

    /// The status whose items become this.
    pub(super) fn creating(&self, word: &str) -> Option<String> {
        let found = self.create.iter().find(|(_, rule)| **rule == word);
        found.map(|(status, _)| status.to_string())
    }

    /// Gives a status rows that let its items be.
    pub(super) fn ignore(&mut self, status: &str) {
        let status = HitStatusId::from(status);
        self.create.insert(status.clone(), "nothing");
        for map in self.maps.values_mut() {
            map.to_halo.insert(status.clone(), None);
        }
    }

    /// The configuration file.
    pub(super) fn to_toml(&self) -> String {
        let info = &self.info;
        let mut text = format!(
            "format = 1\n\n[halo]\nresource_server = {:?}\nauthorisation_server = {:?}\ntenant = {:?}\nclient_id = {:?}\n\
             time_zone = {:?}\ncurrency = {:?}\nrate_limit = {KEPT:?}\n\n[hit]\nbase_url = {:?}\ncurrency = {:?}\n\
             rate_limit = {KEPT:?}\n\n[timing]\nrequest_timeout = {TIMEOUT:?}\nsettle = {SETTLE:?}\n\
             promotion_wait = {PROMOTION_WAIT:?}\n\n[scope]\nglobal = {}\nvalidation_clients = {:?}\n",
            self.resource_server,
            info.halo.authorisation_server,
            info.halo.tenant,
            info.halo_integration.client_id,
            self.time_zone,
            self.currency,
            info.hit.base_url,
            self.currency,
            self.global,
            self.validation,
        );
        // Writing into a text cannot fail.
        for (kind, chosen) in Kind::ALL.into_iter().zip(self.kinds.iter().flatten()) {
            let followed: Vec<String> = chosen.followed.iter().map(ToString::to_string).collect();
            let _ = write!(
                text,
                "\n[project_settings.{}]\ncreate_type = {}\nfollowed_types = [{}]\nteam = {}\n",
                kind.name(),
                chosen.create_type,
                followed.join(", "),
                chosen.team
            );
            if !chosen.required.is_empty() {
                let _ = writeln!(text, "[project_settings.{}.required_values]", kind.name());
                for (field, value) in &chosen.required {
                    let _ = writeln!(text, "{field} = {value}");
                }
            }
        }
        if !self.create.is_empty() {
            text.push_str("\n[sync.create]\n");
            for (status, word) in &self.create {
                let _ = writeln!(text, "{:?} = {word:?}", status.as_str());
            }
        }
        for (ticket_type, map) in &self.maps {
            let _ = writeln!(text, "\n[status_map.{ticket_type}.to_halo]");
            for (status, to) in &map.to_halo {
                let to = to.map_or_else(|| "\"ignore\"".to_owned(), |to| to.to_string());
                let _ = writeln!(text, "{:?} = {to}", status.as_str());
            }
            let _ = writeln!(text, "\n[status_map.{ticket_type}.to_hit]");
            for (status, to) in &map.to_hit {
                let _ = writeln!(text, "{status} = {:?}", to.as_ref().map_or("ignore", HitStatusId::as_str));
            }
        }
        text
    }
}

/// Both systems by name.
pub(super) struct Names<'a>(pub(super) &'a Catalogue);

impl Names<'_> {
    pub(super) fn ticket_type(&self, name: &str) -> Result<TicketTypeId, Failure> {
        let found = self.0.ticket_types.iter().find(|(_, of)| of.kind.is_some() && &*of.name == name);
        found.map(|(id, _)| *id).ok_or_else(|| missing("ticket type", name))
    }

    /// A status that tickets of the type may have: names repeat between types.
    pub(super) fn halo(&self, ticket_type: TicketTypeId, name: &str) -> Result<StatusId, Failure> {
        let of = self.0.ticket_types.get(&ticket_type).ok_or_else(|| missing("ticket type", name))?;
        let found = self.0.statuses.iter().find(|(id, status)| of.allows(**id) && &*status.name == name);
        found.map(|(id, _)| *id).ok_or_else(|| missing("status", name))
    }

    pub(super) fn hit(&self, name: &str) -> Result<HitStatusId, Failure> {
        let found = self.0.hit_statuses.iter().find(|(_, status)| &*status.name == name);
        found.map(|(id, _)| id.clone()).ok_or_else(|| missing("HumanizeIT status", name))
    }

    pub(super) fn team(&self, name: &str) -> Result<TeamId, Failure> {
        let found = self.0.teams.iter().find(|(_, team)| &***team == name);
        found.map(|(id, _)| *id).ok_or_else(|| missing("team", name))
    }
}

fn missing(sort: &str, name: &str) -> Failure {
    Failure::other(
        "demo_world_differs",
        format!("the sandbox has no {sort} {name:?}"),
        "please report this, with the seed",
    )
}
