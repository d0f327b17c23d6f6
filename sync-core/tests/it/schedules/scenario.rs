//! What a story is made of: how the tenants are set up, what people do in them, and what else may happen.

use super::requests::LinkBacks;
use super::world::{
    CLIENT, Fields, Item, OPPORTUNITY_TYPE, OTHER_CLIENT, PROJECT_TYPE, Ticket, World, currency,
};
use std::collections::BTreeMap;
use std::rc::Rc;
use sync_core::catalogue::{Capabilities, Catalogue, Directory, HaloClient, Site};
use sync_core::exec::RecordKey;
use sync_core::field::FieldId;
use sync_core::ids::{
    HaloClientId, HitClientId, HitStatusId, ItemId, Kind, OutcomeId, PairId, Side, SiteId, StatusId, TicketId,
};
use sync_core::marker::Marker;
use sync_core::settings::{
    ConflictRule, CreateRule, Direction, FieldRule, FieldRules, FirstLink, HitTarget, Limits, Scope,
    Settings, StatusMap, StatusTarget,
};
use sync_core::value::{Money, Value};

/// How a ticket goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Going {
    /// It can be read, and says that it is deleted.
    Flagged,
    /// It can be read, and says that it was merged into another.
    Merged,
    /// It cannot be read any more.
    Deleted,
}

/// Something that people, servers or fate do.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// A person edits the roadmap item.
    Hit(FieldId, Value),
    /// A person edits the ticket of the kind.
    Halo(Kind, FieldId, Value),
    /// Sales wins the deal, and Halo's workflow makes the project.
    SalesWins,
    /// The ticket of the kind goes.
    Gone(Kind, Going),
    /// It comes back.
    Back(Kind),
    /// The item goes: from the roadmap (flagged) or altogether.
    ItemGone(Going),
    /// It comes back.
    ItemBack,
    /// We may not read the tickets of the item's client any more.
    Hide,
    /// We may again.
    Show,
    /// The item's client vanishes from Halo's list of clients.
    ClientGone,
    /// It is there again.
    ClientBack,
    /// A person says that the item is the unlinked ticket.
    SayLink,
    /// A person says that the item is something new.
    SayCreate,
    /// The answer is taken back.
    SayNothing,
    /// A person ends the item's link, and it is left alone until somebody says otherwise.
    Part,
    /// A person takes that back.
    TakeBack,
    /// A person approves everything that is proposed at the moment.
    Approve,
    /// A person decides every conflict that is open at the moment.
    Resolve(Side),
    /// These settings hold from now on.
    Configure(usize),
    /// The database is copied.
    Copy,
    /// The database is lost; the engine starts with an empty one.
    LoseDatabase,
    /// The copy is put in place of the database.
    RestoreCopy,
    /// Our clock jumps by so many milliseconds.
    Clock(i64),
    /// The process stalls so long that another one takes the lease and does two runs.
    Takeover,
    /// A webhook announces the item although nothing happened: doubled, late, or forged.
    Hook,
}

impl Action {
    /// Whether it is part of the story in any case; the rest happens only where a schedule says so.
    const fn is_certain(&self) -> bool {
        !matches!(
            self,
            Self::Configure(_)
                | Self::Copy
                | Self::LoseDatabase
                | Self::RestoreCopy
                | Self::Clock(_)
                | Self::Takeover
                | Self::Hook
        )
    }
}

/// Something that happens to an item.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) item: String,
    pub(crate) action: Action,
    pub(crate) certain: bool,
}

/// A server rewrites a field after every write of ours.
#[derive(Clone, Debug)]
pub(crate) struct Automation {
    pub(crate) side: Side,
    pub(crate) field: FieldId,
    pub(crate) makes: Value,
}

/// A story to run under all schedules.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The first holds until [`Action::Configure`] says otherwise.
    pub(crate) settings: Vec<Settings>,
    pub(crate) catalogue: Catalogue,
    pub(crate) directory: Directory,
    /// Items and their clients.
    pub(crate) items: Vec<(&'static str, &'static str)>,
    /// Unlinked tickets that are there from the beginning.
    pub(crate) tickets: Vec<Ticket>,
    /// Done in this order once things are quiet, or earlier if the schedule says so.
    pub(crate) events: Vec<Event>,
    pub(crate) automations: Vec<Automation>,
    /// Whether every run reads everything and gathers evidence; else runs read what is dirty.
    pub(crate) full_reads: bool,
    /// Whether the servers stamp their records, and how far Halo's clock is ahead of HIT's.
    pub(crate) stamps: Option<i64>,
    /// What Halo's template puts into new tickets that ask for one.
    pub(crate) template: Vec<(FieldId, Value)>,
    /// Whether the servers announce every change; announcements can be lost, doubled, or overtaken.
    pub(crate) webhooks: bool,
    /// How many characters of a name HIT keeps.
    pub(crate) hit_cuts: usize,
    /// What becomes of links back in Halo and in HIT, and whether Halo shows those of its tickets.
    pub(crate) link_backs: [LinkBacks; 2],
    pub(crate) shows_links: bool,
    /// Special steps in the proof by default.
    pub(crate) k: usize,
}

pub(crate) fn pair() -> PairId {
    PairId::from("tenant|account")
}

pub(crate) fn money(minor: i64) -> Value {
    Value::Money(Money { minor, currency: currency() })
}

pub(crate) fn code(status: &str) -> Value {
    Value::Code(status.into())
}

pub(crate) fn rule(direction: Direction, conflict: ConflictRule, first_link: FirstLink) -> FieldRule {
    FieldRule { conflict, first_link, ..FieldRule::new(direction) }
}

/// Name, budget and status go both ways; everything else is off.
pub(crate) fn rules(status: ConflictRule, values: ConflictRule, first: FirstLink) -> FieldRules {
    let mut rules: FieldRules =
        FieldId::ALL.into_iter().map(|field| (field, FieldRule::new(Direction::Off))).collect();
    rules.insert(FieldId::Name, rule(Direction::Both, values, first));
    rules.insert(FieldId::BudgetOnce, rule(Direction::Both, values, first));
    rules.insert(FieldId::Status, rule(Direction::Both, status, first));
    rules.insert(FieldId::LinkBack, FieldRule::new(Direction::HitToHalo { until_quoted: false }));
    rules
}

/// Six statuses of Halo against three of HIT, for opportunities; three against two for projects.
pub(crate) fn status_maps(action: bool) -> BTreeMap<sync_core::ids::TicketTypeId, StatusMap> {
    let to_hit = |rows: &[(i64, &str)]| {
        rows.iter().map(|(halo, hit)| (StatusId(*halo), HitTarget::To(HitStatusId::from(*hit)))).collect()
    };
    let to_halo = |rows: &[(&str, i64)]| {
        rows.iter()
            .map(|(hit, halo)| {
                let target = if action {
                    StatusTarget::action(OutcomeId(*halo), StatusId(*halo))
                } else {
                    StatusTarget::set(StatusId(*halo))
                };
                (HitStatusId::from(*hit), target)
            })
            .collect()
    };
    BTreeMap::from([
        (
            OPPORTUNITY_TYPE,
            StatusMap {
                to_hit: to_hit(&[
                    (1, "qualified"),
                    (2, "qualified"),
                    (3, "hold"),
                    (4, "hold"),
                    (5, "lost"),
                    (6, "lost"),
                ]),
                to_halo: to_halo(&[("qualified", 1), ("hold", 3), ("lost", 5)]),
            },
        ),
        (
            PROJECT_TYPE,
            StatusMap {
                to_hit: to_hit(&[(11, "approved"), (12, "approved"), (13, "progress")]),
                to_halo: to_halo(&[("approved", 11), ("progress", 13)]),
            },
        ),
    ])
}

pub(crate) fn halo_client(hit: &str) -> HaloClientId {
    if hit == "d" { OTHER_CLIENT } else { CLIENT }
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.sync.scope = Scope::Global;
    settings.sync.opportunity = rules(ConflictRule::HaloWins, ConflictRule::Manual, FirstLink::Policy);
    settings.sync.project = rules(ConflictRule::HaloWins, ConflictRule::Manual, FirstLink::Policy);
    settings.sync.settle_ms = 20_000;
    settings.sync.absence_interval_ms = 10_000;
    settings.sync.promotion.wait_ms = 8_000;
    settings.sync.limits = Limits { updates_percent: 1_000, updates: 1_000, ..Limits::default() };
    settings.project.opportunity.create_type = Some(OPPORTUNITY_TYPE);
    settings.project.project.create_type = Some(PROJECT_TYPE);
    settings.project.halo_currency = Some(currency());
    settings.project.hit_currency = Some(currency());
    for (status, kind) in [
        ("qualified", CreateRule::Opportunity),
        ("hold", CreateRule::Opportunity),
        ("lost", CreateRule::Opportunity),
        ("approved", CreateRule::Project),
        ("progress", CreateRule::Project),
    ] {
        settings.sync.create.insert(HitStatusId::from(status), kind);
    }
    settings.status = status_maps(false);
    settings
}

impl Scenario {
    pub(crate) fn new(
        name: &'static str,
        items: &[(&'static str, &'static str)],
        events: Vec<(&'static str, Action)>,
    ) -> Self {
        let mut catalogue = Catalogue { capabilities: Capabilities::all(), ..Catalogue::default() };
        let mut directory = Directory::default();
        for hit in ["c", "d"] {
            let client = HaloClient {
                name: hit.into(),
                main_site: Some(SiteId(1)),
                sites: BTreeMap::from([(SiteId(1), Site { active: true })]),
                ..HaloClient::default()
            };
            catalogue.halo_clients.insert(halo_client(hit), client);
            directory.clients.insert(HitClientId::from(hit), halo_client(hit));
        }
        let events = events
            .into_iter()
            .map(|(item, action)| Event { item: item.into(), certain: action.is_certain(), action })
            .collect();
        Self {
            name,
            settings: vec![settings()],
            catalogue,
            directory,
            items: items.to_vec(),
            tickets: Vec::new(),
            events,
            automations: Vec::new(),
            full_reads: false,
            stamps: None,
            template: Vec::new(),
            webhooks: false,
            hit_cuts: usize::MAX,
            link_backs: [LinkBacks::Kept; 2],
            shows_links: false,
            k: 2,
        }
    }

    /// The same with `k` special steps in the proof.
    pub(crate) fn with_k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    /// The same with something changed in its first settings.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings[0]);
        self
    }

    pub(crate) fn client_of(&self, item: &str) -> HaloClientId {
        self.items.iter().find(|(id, _)| *id == item).map_or(CLIENT, |(_, client)| halo_client(client))
    }

    pub(crate) fn world(&self) -> World {
        let mut world = World::new();
        world.automations.clone_from(&self.automations);
        world.stamps = self.stamps;
        world.webhooks = self.webhooks;
        world.hit_cuts = self.hit_cuts;
        world.link_backs = self.link_backs;
        world.shows_links = self.shows_links;
        world.template.clone_from(&self.template);
        let markers = |id: &str| {
            let after = |kind, ended| Marker::for_item_after(&pair(), &ItemId::from(id), kind, ended);
            Kind::ALL.map(|kind| (0..3).map(|ended| after(kind, ended)).collect())
        };
        world.markers = Rc::new(self.items.iter().map(|(id, _)| ((*id).into(), markers(id))).collect());
        for (id, client) in &self.items {
            let fields = Fields { name: "firewall".into(), status: "qualified".into(), budget: 120_000 };
            let item = Item {
                fields,
                client,
                references: Vec::new(),
                knows: [0; 3],
                updated: world.now,
                going: None,
                was_gone: false,
            };
            world.items.insert((*id).into(), item);
            world.touch(RecordKey::Item(ItemId::from(*id)));
        }
        for (at, ticket) in self.tickets.iter().enumerate() {
            let id = 50 + i64::try_from(at).expect("few");
            world.tickets.insert(id, ticket.clone());
            world.touch(RecordKey::Ticket(TicketId(id)));
        }
        world
    }
}
