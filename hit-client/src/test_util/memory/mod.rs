//! A HumanizeIT in memory.

mod api;
mod budget;
mod items;
mod state;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{Timestamp, ToSpan as _};
use rest_core::record::Seen;

use crate::error::Result;
use crate::types::{
    Account, Actor, ActorKind, Capabilities, Client, Currency, IntegrationCheck, Item, ItemId, ItemPatch,
    NewItem, Status, StatusClass, TeamMember,
};
use crate::webhook::Event;
use state::State;

/// A HumanizeIT in memory that keeps the rules of the contract: capabilities, versions, idempotency keys,
/// budget lines, unique references. For tests of whatever is written against [`HitApi`](crate::HitApi).
///
/// Time stands still but for one millisecond per write, so runs are repeatable.
///
/// ```
/// use hit_client::{HitApi, NewItem, test_util::MemoryHit};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let hit = MemoryHit::example();
/// let item = hit.create_item(&NewItem::new("cl_1", "Replace the firewall"), None).await?;
/// assert_eq!(item.status_id.as_str(), "st_recommended");
/// # Ok::<(), hit_client::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MemoryHit {
    state: Mutex<State>,
}

impl MemoryHit {
    /// An account without clients, people, statuses and items.
    pub fn new(account: Account) -> Self {
        Self { state: Mutex::new(State::new(account)) }
    }

    /// A small account with every capability: clients `cl_1` to `cl_3` (the last archived), team members `tm_1` and
    /// `tm_2` (the second inactive), and the four known statuses, `st_recommended` the initial one.
    pub fn example() -> Self {
        let mut account = Account::new("acc_1", "Northwind MSP");
        account.time_zone = Some("America/Chicago".to_owned());
        account.currency = Currency::new("USD");
        account.capabilities = Capabilities::all();
        let hit = Self::new(account);
        for (id, name) in [("cl_1", "Fabrikam Ltd"), ("cl_2", "Contoso Dental"), ("cl_3", "Fabrikam Ltd")] {
            let mut client = Client::new(id, name);
            client.archived_at = (id == "cl_3").then(|| hit.now());
            client.external_references = Seen::Value(Vec::new());
            hit.add_client(client);
        }
        let mut retired = TeamMember::new("tm_2", "Sam Okoye");
        retired.active = false;
        hit.add_team_member(TeamMember::new("tm_1", "Robin Ellis"));
        hit.add_team_member(retired);
        for (order, id, name, class) in [
            (10, "st_recommended", "Recommended", StatusClass::Opportunity),
            (20, "st_qualified", "Qualified", StatusClass::Opportunity),
            (30, "st_approved", "Approved", StatusClass::Project),
            (40, "st_in_progress", "Work in Progress", StatusClass::Project),
        ] {
            let mut status = Status::new(id, name, class);
            status.initial = order == 10;
            status.sort_order = order;
            hit.add_status(status);
        }
        hit
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere must not hide behind a second panic here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account's time: the stamp of the last write.
    pub fn now(&self) -> Timestamp {
        self.lock().now
    }

    /// Moves the account's time forwards by whole seconds.
    pub fn advance(&self, seconds: i64) {
        let mut state = self.lock();
        state.now = state.now.saturating_add(seconds.seconds()).unwrap_or(Timestamp::MAX);
    }

    /// Switches capabilities on and off.
    pub fn set_capabilities(&self, capabilities: Capabilities) {
        self.lock().account.capabilities = capabilities;
    }

    /// Adds or replaces a client.
    pub fn add_client(&self, client: Client) {
        self.lock().clients.insert(client.id.clone(), client);
    }

    /// Adds or replaces a team member.
    pub fn add_team_member(&self, member: TeamMember) {
        self.lock().members.insert(member.id.clone(), member);
    }

    /// Adds or replaces a status.
    pub fn add_status(&self, status: Status) {
        self.lock().statuses.insert(status.id.clone(), status);
    }

    /// A person makes an item.
    ///
    /// # Errors
    ///
    /// As [`HitApi::create_item`](crate::HitApi::create_item).
    pub fn person_creates(&self, item: &NewItem) -> Result<Item> {
        self.lock().create(item, None, &person())
    }

    /// A person edits an item: unconditionally, and recorded as theirs.
    ///
    /// # Errors
    ///
    /// As [`HitApi::update_item`](crate::HitApi::update_item).
    pub fn person_edits(&self, id: &ItemId, patch: &ItemPatch) -> Result<Item> {
        self.lock().update(id, patch, None, &person())
    }

    /// A person takes an item off the roadmap, or puts it back.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](crate::Error::is_not_found).
    pub fn person_archives(&self, id: &ItemId, archived: bool) -> Result<Item> {
        self.lock().archive(id, archived, &person())
    }

    /// Sets what [`HitApi::test_integration`](crate::HitApi::test_integration) reports from now on. Nothing in
    /// memory reaches a Halo; without this the test reports that it failed.
    pub fn set_integration_outcome(&self, checks: Vec<IntegrationCheck>) {
        self.lock().checks = checks;
    }

    /// The deliveries that webhooks would have received since the last call. Nothing is sent anywhere.
    pub fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.lock().events)
    }
}

fn person() -> Actor {
    Actor::new(ActorKind::User, Some("tm_1".to_owned()))
}

impl fmt::Debug for MemoryHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("MemoryHit")
            .field("account", &state.account)
            .field("items", &state.items.len())
            .finish()
    }
}
