//! The behaviour that every [`HitApi`] must show, as a suite that runs against any of them.
//!
//! It needs an account with two live clients, an active team member and two statuses, makes items whose names start
//! with [`NAME`], changes HumanizeIT's settings of its HaloPSA integration, and removes only what the API can
//! remove: run it against an account that was made for tests.
//!
//! ```
//! use hit_client::test_util::{MemoryHit, suite};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let report = suite::run(&MemoryHit::example()).await?;
//! assert!(report.skipped.is_empty());
//! # Ok::<(), suite::Failure>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod capabilities;
mod items;
mod settings;

use std::fmt;

use futures_util::StreamExt as _;
use jiff::civil::Date;
use rest_core::record::Seen;

use crate::api::{HitApi, ItemQuery};
use crate::error::{Error, is_unsupported};
use crate::lists::HitApiExt as _;
use crate::types::{Account, Capability, ClientId, Item, NewItem, StatusId, TeamMemberId};

/// How the names of the suite's items start.
pub const NAME: &str = "behaviour suite";

/// What was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The checks that passed.
    pub passed: Vec<&'static str>,
    /// The checks that the account cannot show, with the reason.
    pub skipped: Vec<(&'static str, String)>,
}

/// A behaviour that the implementation does not show.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Which check failed.
    pub check: &'static str,
    /// What was seen instead.
    pub seen: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.seen)
    }
}

impl std::error::Error for Failure {}

/// Why a check did not pass.
enum Trouble {
    /// The account cannot show it.
    Skip(String),
    /// The behaviour is another.
    Seen(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Seen(format!("{error}"))
    }
}

type Outcome = Result<(), Trouble>;

/// What the checks work with.
struct World<'a> {
    api: &'a dyn HitApi,
    account: Account,
    clients: [ClientId; 2],
    member: TeamMemberId,
    /// The initial status first.
    statuses: [StatusId; 2],
    /// Tells this run's markers and references from those of earlier ones.
    run: String,
}

/// Runs every check.
///
/// # Errors
///
/// The first behaviour that is not shown.
pub async fn run(api: &dyn HitApi) -> Result<Report, Failure> {
    let mut report = Report::default();
    let world = match World::explore(api).await {
        Ok(world) => world,
        Err(trouble) => return Err(failure("the account is fit for the suite", trouble)),
    };
    macro_rules! checks {
        ($($module:ident :: $name:ident,)+) => {$(
            let name = concat!(stringify!($module), "::", stringify!($name));
            match $module::$name(&world).await {
                Ok(()) => report.passed.push(name),
                Err(Trouble::Skip(why)) => report.skipped.push((name, why)),
                Err(trouble) => return Err(failure(name, trouble)),
            }
        )+};
    }
    checks! {
        items::a_create_shows_what_was_sent,
        items::a_bare_create_starts_at_the_initial_status,
        items::a_patch_changes_what_it_mentions_and_nothing_else,
        items::a_blank_is_null,
        items::a_patch_of_the_same_values_leaves_no_trace,
        items::budget_lists_are_replaced_whole,
        items::a_foreign_currency_is_refused,
        items::every_item_is_listed_once_in_pages_of_any_size,
        items::lists_keep_to_their_filters,
        items::updated_since_includes_its_instant,
        items::what_does_not_exist_is_refused,
        capabilities::dates_and_effort,
        capabilities::recurring_budget,
        capabilities::conditional_writes,
        capabilities::repeated_creates,
        capabilities::references,
        capabilities::references_in_a_create,
        settings::integration_settings,
        settings::webhooks,
    }
    Ok(report)
}

fn failure(check: &'static str, trouble: Trouble) -> Failure {
    let (Trouble::Skip(seen) | Trouble::Seen(seen)) = trouble;
    Failure { check, seen }
}

impl<'a> World<'a> {
    async fn explore(api: &'a dyn HitApi) -> Result<Self, Trouble> {
        let account = api.account().await?;
        let clients: Vec<_> = all(api.clients()).await?;
        let live: Vec<_> = clients.iter().filter(|client| client.archived_at.is_none()).collect();
        let [first, second, ..] = live[..] else {
            return Err(Trouble::Seen("two live clients are needed".to_owned()));
        };
        let members = all(api.team_members()).await?;
        let member = members.iter().find(|member| member.active);
        let member = member.ok_or_else(|| Trouble::Seen("an active team member is needed".to_owned()))?;
        let statuses = all(api.statuses()).await?;
        let initial: Vec<_> = statuses.iter().filter(|status| status.initial).collect();
        expect(initial.len() == 1, || format!("{} statuses are the initial one", initial.len()))?;
        let other = statuses.iter().find(|status| !status.initial);
        let other = other.ok_or_else(|| Trouble::Seen("a second status is needed".to_owned()))?;
        let mut world = Self {
            api,
            clients: [first.id.clone(), second.id.clone()],
            member: member.id.clone(),
            statuses: [initial[0].id.clone(), other.id.clone()],
            account,
            run: String::new(),
        };
        // The first item's id is unlike every earlier one's.
        world.run = world.create(world.new_item("first")).await?.id.to_string();
        Ok(world)
    }

    fn has(&self, capability: Capability) -> bool {
        self.account.capabilities.has(&capability)
    }

    fn new_item(&self, name: &str) -> NewItem {
        NewItem::new(self.clients[0].clone(), format!("{NAME}: {name}"))
    }

    async fn create(&self, item: NewItem) -> Result<Item, Trouble> {
        Ok(self.api.create_item(&item, None).await?)
    }

    async fn listed(&self, query: &ItemQuery) -> Result<Vec<Item>, Trouble> {
        all(self.api.items(query)).await
    }
}

/// A whole list; a row that cannot be read is a failure.
async fn all<T>(
    mut rows: impl futures_core::Stream<Item = crate::Result<T>> + Unpin,
) -> Result<Vec<T>, Trouble> {
    let mut read = Vec::new();
    while let Some(row) = rows.next().await {
        read.push(row?);
    }
    Ok(read)
}

/// What must be so.
fn expect(so: bool, seen: impl FnOnce() -> String) -> Outcome {
    if so { Ok(()) } else { Err(Trouble::Seen(seen())) }
}

/// A call that must be refused in a certain way.
fn refused<T>(what: &str, result: crate::Result<T>, how: impl FnOnce(&Error) -> bool) -> Outcome {
    match result {
        Ok(_) => Err(Trouble::Seen(format!("{what} was accepted"))),
        Err(error) => expect(how(&error), || format!("{what} failed in another way: {error}")),
    }
}

/// A call that needs a capability which is not there.
fn unsupported<T>(what: &str, result: crate::Result<T>) -> Outcome {
    refused(what, result, is_unsupported)
}

/// A value as it was seen, for comparison and for messages.
fn value<T: Clone>(seen: &Seen<T>) -> Option<T> {
    match seen {
        Seen::Value(value) => Some(value.clone()),
        _ => None,
    }
}

/// Two items, compared by all they show; `except` names what may differ.
fn same(left: &Item, right: &Item) -> Outcome {
    let (left, right) = (format!("{left:?}"), format!("{right:?}"));
    expect(left == right, || format!("{left} is not {right}"))
}

/// A date of 2027.
fn day(month: i8, day: i8) -> Result<Date, Trouble> {
    Date::new(2027, month, day).map_err(|error| Trouble::Seen(error.to_string()))
}
