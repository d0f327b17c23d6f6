//! Plugs one's own source of roadmap items in where a HumanizeIT is expected.
//!
//! Shows: implementing `HitApi`, the eight methods that everything else is built on. Here they are over a list in
//! memory; over HumanizeIT's private API, or a spreadsheet, they would look the same. No server is needed:
//!
//! ```text
//! cargo run -p cookbook --bin own_hit_api
//! ```

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use cookbook::{Failure, finish, wait_for};
use futures_util::StreamExt as _;
use halo_client::http::StatusCode;
use hit_client::error::{code, refused, unsupported};
use hit_client::{
    Account, Client, Cursor, HitApi, HitApiExt as _, IdempotencyKey, Item, ItemId, ItemPatch, ItemQuery,
    NewItem, Page, Result, Seen, Status, StatusClass, TeamMember, Version,
};

fn main() -> ExitCode {
    finish(wait_for(run()))
}

async fn run() -> std::result::Result<(), Failure> {
    // Whatever takes a `dyn HitApi` now works with the list: the streams below, and the whole synchronisation.
    let hit: Box<dyn HitApi> = Box::new(Notebook::new());

    let item = hit.create_item(&NewItem::new("fabrikam", "Replace the firewall"), None).await?;
    hit.update_item(&item.id, &ItemPatch::new().status("approved"), None).await?;

    let mut out = io::stdout().lock();
    let query = ItemQuery::new().client("fabrikam");
    let mut items = hit.items(&query); // follows the pages
    while let Some(item) = items.next().await {
        let item = item?;
        let budget = match item.budget {
            Seen::Absent => "this source keeps no budgets",
            _ => "with a budget",
        };
        writeln!(out, "{}  {}  {}  ({budget})", item.id, item.status_id, item.name)?;
    }
    Ok(())
}

/// A roadmap as somebody might keep it in a notebook: names and statuses, no more.
struct Notebook {
    items: Mutex<Vec<Item>>,
}

impl Notebook {
    /// Rows per page; tiny, to show that pages are followed.
    const PAGE: usize = 2;

    fn new() -> Self {
        let item = |id: &str, client: &str, name: &str| Item::new(id, client, name, "qualified");
        Self {
            items: Mutex::new(vec![
                item("1", "fabrikam", "Move the files to the cloud"),
                item("2", "fabrikam", "Train the staff"),
                item("3", "northwind", "New access points"),
            ]),
        }
    }

    fn items(&self) -> MutexGuard<'_, Vec<Item>> {
        // Every change is a single assignment, so a panic elsewhere leaves the list whole.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HitApi for Notebook {
    /// Nothing beyond the least is offered, and nobody will ask for it: what is missing is absent in items, and the
    /// synchronisation leaves those fields alone.
    async fn account(&self) -> Result<Account> {
        Ok(Account::new("notebook", "A notebook"))
    }

    async fn clients_page(&self, _: Option<&Cursor>) -> Result<Page<Client>> {
        let rows =
            vec![Ok(Client::new("fabrikam", "Fabrikam Ltd")), Ok(Client::new("northwind", "Northwind"))];
        Ok(Page { rows, next: None })
    }

    async fn team_members_page(&self, _: Option<&Cursor>) -> Result<Page<TeamMember>> {
        Ok(Page { rows: Vec::new(), next: None })
    }

    async fn statuses_page(&self, _: Option<&Cursor>) -> Result<Page<Status>> {
        let rows = vec![
            Ok(Status::new("qualified", "Qualified", StatusClass::Opportunity)),
            Ok(Status::new("approved", "Approved", StatusClass::Project)),
        ];
        Ok(Page { rows, next: None })
    }

    async fn items_page(&self, query: &ItemQuery, cursor: Option<&Cursor>) -> Result<Page<Item>> {
        // A cursor is the source's own affair. This one counts the rows that were given.
        let given: usize = cursor.map_or(Ok(0), |cursor| cursor.as_str().parse()).map_err(|_| {
            refused(StatusCode::BAD_REQUEST, code::INVALID_CURSOR, "this is no cursor of the notebook")
        })?;
        let items = self.items();
        let wanted = items.iter().filter(|item| {
            query.client_id.as_ref().is_none_or(|client| *client == item.client_id)
                && (query.status_ids.is_empty() || query.status_ids.contains(&item.status_id))
        });
        let rows: Vec<_> = wanted.skip(given).take(Self::PAGE).cloned().map(Ok).collect();
        let next = (rows.len() == Self::PAGE).then(|| Cursor::new((given + Self::PAGE).to_string()));
        Ok(Page { rows, next })
    }

    async fn item(&self, id: &ItemId) -> Result<Item> {
        let found = self.items().iter().find(|item| item.id == *id).cloned();
        found.ok_or_else(|| refused(StatusCode::NOT_FOUND, code::NOT_FOUND, "there is no such item"))
    }

    async fn create_item(&self, new: &NewItem, _: Option<&IdempotencyKey>) -> Result<Item> {
        let mut items = self.items();
        let id = (items.len() + 1).to_string();
        let status = new.status_id.clone().unwrap_or_else(|| "qualified".into());
        let item = Item::new(id, new.client_id.clone(), new.name.as_str(), status);
        items.push(item.clone());
        Ok(item)
    }

    async fn update_item(&self, id: &ItemId, patch: &ItemPatch, _: Option<Version>) -> Result<Item> {
        // What the source cannot keep must be refused, never passed over: the caller would believe it was written.
        let ItemPatch { name, status_id, .. } = patch.clone();
        let mut kept = ItemPatch::new();
        (kept.name, kept.status_id) = (name, status_id);
        if kept != *patch {
            return Err(unsupported("anything but names and statuses"));
        }
        let mut items = self.items();
        let item = items
            .iter_mut()
            .find(|item| item.id == *id)
            .ok_or_else(|| refused(StatusCode::NOT_FOUND, code::NOT_FOUND, "there is no such item"))?;
        if let Some(name) = kept.name {
            item.name = name;
        }
        if let Some(status) = kept.status_id {
            item.status_id = status;
        }
        Ok(item.clone())
    }
}
