//! Everything that reads the database.

use sqlx::sqlite::SqliteRow;
use sync_core::base::{BaseHead, Intent, Link};
use sync_core::decision::{ConflictId, Decisions, PairingAnswer};
use sync_core::hash::{Hash128, Hash256};
use sync_core::ids::{AgentId, HaloClientId, HitClientId, ItemId, MemberId, Side, TicketId};

use super::SqliteStore;
use super::rows::{column, from_json, from_text, odd, record, side};
use crate::storage::{
    About, ClientLink, Cursor, Dirty, GateFacts, Identity, OpenConflict, OpenIssue, Paused, Proposal,
    Questions, RecordKey, Run, StoreError,
};

type Query = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// A link that has ended holds no ticket, and is none that anybody would count.
const LINKED: &str = "SELECT count(DISTINCT item) AS n FROM link_tickets";

impl SqliteStore {
    pub(super) async fn rows(&self, query: Query) -> Result<Vec<SqliteRow>, StoreError> {
        query.fetch_all(&self.pool).await.map_err(|error| self.fail(error))
    }

    async fn row(&self, query: Query) -> Result<Option<SqliteRow>, StoreError> {
        query.fetch_optional(&self.pool).await.map_err(|error| self.fail(error))
    }

    /// The one row of a table that always has one.
    async fn only_row(&self, table: &'static str, query: Query) -> Result<SqliteRow, StoreError> {
        self.row(query).await?.ok_or_else(|| odd(table, "its one row is missing".to_owned()))
    }

    async fn bodies<T: serde::de::DeserializeOwned>(
        &self,
        table: &'static str,
        query: Query,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.rows(query).await?;
        rows.iter().map(|row| from_json(table, column::<&str>(table, row, "body")?)).collect()
    }

    pub(super) async fn read_head(&self) -> Result<BaseHead, StoreError> {
        const TABLE: &str = "state";
        let row = self.only_row(TABLE, sqlx::query("SELECT lineage, serial FROM state")).await?;
        Ok(BaseHead {
            lineage: column::<String>(TABLE, &row, "lineage")?.into(),
            serial: u64::try_from(column::<i64>(TABLE, &row, "serial")?).unwrap_or(0),
        })
    }

    pub(super) async fn read_identity(&self) -> Result<Option<Identity>, StoreError> {
        const TABLE: &str = "identity";
        let row = self.row(sqlx::query("SELECT halo, hit FROM identity")).await?;
        row.map(|row| Ok(Identity { halo: column(TABLE, &row, "halo")?, hit: column(TABLE, &row, "hit")? }))
            .transpose()
    }

    pub(super) async fn read_links(
        &self,
        after: Option<&ItemId>,
        limit: u32,
    ) -> Result<Vec<Link>, StoreError> {
        let query = sqlx::query("SELECT body FROM links WHERE item > ? ORDER BY item LIMIT ?")
            .bind(after.map_or_else(String::new, ToString::to_string))
            .bind(i64::from(limit));
        self.bodies("links", query).await
    }

    pub(super) async fn read_links_with_ends(&self) -> Result<Vec<Link>, StoreError> {
        // A link that never ended stores no list of ends.
        let query =
            sqlx::query("SELECT body FROM links WHERE json_array_length(body, '$.ends') > 0 ORDER BY item");
        self.bodies("links", query).await
    }

    pub(super) async fn read_link(&self, item: &ItemId) -> Result<Option<Link>, StoreError> {
        let query = sqlx::query("SELECT body FROM links WHERE item = ?").bind(item.to_string());
        Ok(self.bodies("links", query).await?.pop())
    }

    pub(super) async fn read_link_of_ticket(&self, ticket: TicketId) -> Result<Option<Link>, StoreError> {
        let query = sqlx::query("SELECT body FROM links JOIN link_tickets USING (item) WHERE ticket = ?")
            .bind(ticket.0);
        Ok(self.bodies("links", query).await?.pop())
    }

    pub(super) async fn read_link_count(&self) -> Result<u64, StoreError> {
        let row = self.only_row("links", sqlx::query(LINKED)).await?;
        Ok(u64::try_from(column::<i64>("links", &row, "n")?).unwrap_or(0))
    }

    pub(super) async fn read_client_links(&self) -> Result<Vec<ClientLink>, StoreError> {
        const TABLE: &str = "client_links";
        let rows = self.rows(sqlx::query("SELECT hit, halo, how FROM client_links ORDER BY hit")).await?;
        rows.iter()
            .map(|row| {
                Ok(ClientLink {
                    hit: HitClientId::from(column::<String>(TABLE, row, "hit")?),
                    halo: HaloClientId(column(TABLE, row, "halo")?),
                    how: column(TABLE, row, "how")?,
                })
            })
            .collect()
    }

    pub(super) async fn read_people(&self) -> Result<Vec<(MemberId, AgentId)>, StoreError> {
        const TABLE: &str = "people";
        let rows = self.rows(sqlx::query("SELECT member, agent FROM people ORDER BY member")).await?;
        rows.iter()
            .map(|row| {
                Ok((
                    MemberId::from(column::<String>(TABLE, row, "member")?),
                    AgentId(column(TABLE, row, "agent")?),
                ))
            })
            .collect()
    }

    pub(super) async fn read_intents(&self) -> Result<Vec<Intent>, StoreError> {
        self.bodies("intents", sqlx::query("SELECT body FROM intents ORDER BY marker")).await
    }

    pub(super) async fn read_dirty(&self) -> Result<Vec<Dirty>, StoreError> {
        const TABLE: &str = "dirty";
        let query = sqlx::query("SELECT side, id, mark, reason, since FROM dirty ORDER BY side, id");
        let rows = self.rows(query).await?;
        rows.iter()
            .map(|row| {
                Ok(Dirty {
                    key: record(TABLE, column(TABLE, row, "side")?, column(TABLE, row, "id")?)?,
                    mark: column(TABLE, row, "mark")?,
                    reason: column(TABLE, row, "reason")?,
                    since: column(TABLE, row, "since")?,
                })
            })
            .collect()
    }

    pub(super) async fn read_cursors(&self) -> Result<Vec<Cursor>, StoreError> {
        const TABLE: &str = "cursors";
        let query = sqlx::query("SELECT side, feed, value, moved_at FROM cursors ORDER BY side, feed");
        let rows = self.rows(query).await?;
        rows.iter()
            .map(|row| {
                Ok(Cursor {
                    side: side(TABLE, column(TABLE, row, "side")?)?,
                    feed: column(TABLE, row, "feed")?,
                    value: column(TABLE, row, "value")?,
                    moved_at: column(TABLE, row, "moved_at")?,
                })
            })
            .collect()
    }

    pub(super) async fn read_conflicts(&self) -> Result<Vec<OpenConflict>, StoreError> {
        const TABLE: &str = "conflicts";
        let query = sqlx::query(
            "SELECT c.body, c.since, c.run, c.about, a.body AS decided FROM conflicts c
             LEFT JOIN answers a ON a.sort = 'conflict' AND a.id = c.id
             WHERE NOT EXISTS (SELECT 1 FROM answers d WHERE d.sort = 'dismissal' AND d.id = c.id)
             ORDER BY c.since, c.id",
        );
        let rows = self.rows(query).await?;
        rows.iter()
            .map(|row| {
                let decided: Option<String> = column(TABLE, row, "decided")?;
                Ok(OpenConflict {
                    conflict: from_json(TABLE, column(TABLE, row, "body")?)?,
                    since: column(TABLE, row, "since")?,
                    run: column(TABLE, row, "run")?,
                    decided: decided.map(|text| from_json("answers", &text)).transpose()?,
                    about: about(TABLE, row)?,
                })
            })
            .collect()
    }

    pub(super) async fn read_issues(&self) -> Result<Vec<OpenIssue>, StoreError> {
        const TABLE: &str = "issues";
        let query = sqlx::query(
            "SELECT i.*, EXISTS (SELECT 1 FROM answers a WHERE a.sort = 'dismissal' AND a.id = i.id) AS dismissed
             FROM issues i ORDER BY i.since, i.id",
        );
        let rows = self.rows(query).await?;
        rows.iter()
            .map(|row| {
                Ok(OpenIssue {
                    id: from_text::<Hash128>(TABLE, column(TABLE, row, "id")?)?,
                    code: column(TABLE, row, "code")?,
                    subject: from_json(TABLE, column(TABLE, row, "subject")?)?,
                    sentence: column(TABLE, row, "sentence")?,
                    blocks_gate: column(TABLE, row, "blocks_gate")?,
                    since: column(TABLE, row, "since")?,
                    last_seen: column(TABLE, row, "last_seen")?,
                    seen: column(TABLE, row, "seen")?,
                    dismissed: column(TABLE, row, "dismissed")?,
                    about: about(TABLE, row)?,
                })
            })
            .collect()
    }

    pub(super) async fn read_questions(&self) -> Result<Questions, StoreError> {
        const OPEN: &str = "SELECT body FROM questions q WHERE sort = ? AND NOT EXISTS
            (SELECT 1 FROM answers a WHERE a.id = q.id AND a.sort = ?) ORDER BY id";
        const PEOPLE: &str = "SELECT body FROM questions q WHERE sort = 'person' AND NOT EXISTS
            (SELECT 1 FROM people p WHERE p.member = q.id) ORDER BY id";
        const CLIENTS: &str = "SELECT body FROM questions q WHERE sort = 'client' AND NOT EXISTS
            (SELECT 1 FROM client_links c WHERE c.hit = q.id) ORDER BY id";
        let open = |sort: &'static str| sqlx::query(OPEN).bind(sort).bind(sort);
        let mut questions = Questions {
            pairings: self.bodies("questions", open("pairing")).await?,
            imports: self.bodies("questions", open("import")).await?,
            clients: self.bodies("questions", sqlx::query(CLIENTS)).await?,
            people: self.bodies("questions", sqlx::query(PEOPLE)).await?,
            proposals: self.read_proposals().await?,
        };
        // Whoever says which ticket an item is has answered for the ticket too.
        let pairings = self.read_decisions().await?.pairings;
        questions.imports.retain(|question| {
            let named = PairingAnswer::Link(question.ticket.id);
            !pairings.values().any(|answer| *answer == named)
        });
        Ok(questions)
    }

    async fn read_proposals(&self) -> Result<Vec<Proposal>, StoreError> {
        const TABLE: &str = "questions";
        let query = sqlx::query(
            "SELECT body, since FROM questions q WHERE sort = 'proposal' AND NOT EXISTS
                (SELECT 1 FROM answers a WHERE a.id = q.id AND a.sort = 'approval') ORDER BY since, id",
        );
        let rows = self.rows(query).await?;
        rows.iter()
            .map(|row| {
                let proposal: Proposal = from_json(TABLE, column(TABLE, row, "body")?)?;
                Ok(Proposal { since: column(TABLE, row, "since")?, ..proposal })
            })
            .collect()
    }

    pub(super) async fn read_decisions(&self) -> Result<Decisions, StoreError> {
        const TABLE: &str = "answers";
        let rows = self.rows(sqlx::query("SELECT sort, id, body FROM answers ORDER BY sort, id")).await?;
        let mut decisions = Decisions::default();
        for row in &rows {
            let id: &str = column(TABLE, row, "id")?;
            let body: &str = column(TABLE, row, "body")?;
            match column::<&str>(TABLE, row, "sort")? {
                "pairing" => {
                    decisions.pairings.insert(ItemId::from(id), from_json(TABLE, body)?);
                }
                "import" => {
                    decisions.imports.insert(from_text::<TicketId>(TABLE, id)?, from_json(TABLE, body)?);
                }
                "conflict" => {
                    let id: ConflictId = from_text(TABLE, id)?;
                    decisions.conflicts.insert(id, from_json::<Side>(TABLE, body)?);
                }
                "approval" => {
                    decisions.approvals.insert(from_text(TABLE, id)?);
                }
                "dismissal" => {
                    decisions.dismissed.insert(from_text(TABLE, id)?);
                }
                other => return Err(odd(TABLE, format!("{other:?} is no sort of answer"))),
            }
        }
        Ok(decisions)
    }

    pub(super) async fn read_runs(&self, limit: u32) -> Result<Vec<Run>, StoreError> {
        const TABLE: &str = "runs";
        let query =
            sqlx::query("SELECT * FROM runs WHERE id > 0 ORDER BY id DESC LIMIT ?").bind(i64::from(limit));
        let rows = self.rows(query).await?;
        rows.iter()
            .map(|row| {
                let plan: Option<String> = column(TABLE, row, "plan")?;
                let exit: Option<i64> = column(TABLE, row, "exit")?;
                Ok(Run {
                    id: column(TABLE, row, "id")?,
                    command: column(TABLE, row, "command")?,
                    started_at: column(TABLE, row, "started_at")?,
                    ended_at: column(TABLE, row, "ended_at")?,
                    plan: plan.map(|plan| from_text::<Hash256>(TABLE, &plan)).transpose()?,
                    exit: exit.and_then(|exit| u8::try_from(exit).ok()),
                    summary: column(TABLE, row, "summary")?,
                })
            })
            .collect()
    }

    pub(super) async fn read_gate(&self) -> Result<GateFacts, StoreError> {
        const TABLE: &str = "gate";
        let query = sqlx::query(
            "SELECT g.*, (SELECT count(DISTINCT item) FROM link_tickets) AS links,
                (SELECT count(*) FROM issues i WHERE i.blocks_gate AND NOT EXISTS
                    (SELECT 1 FROM answers a WHERE a.sort = 'dismissal' AND a.id = i.id)) AS blocking
             FROM gate g",
        );
        let row = self.only_row(TABLE, query).await?;
        let count = |name: &str| -> Result<u64, StoreError> {
            Ok(u64::try_from(column::<i64>(TABLE, &row, name)?).unwrap_or(0))
        };
        let unlocked_at: Option<i64> = column(TABLE, &row, "unlocked_at")?;
        let tenant: Option<String> = column(TABLE, &row, "unlocked_tenant")?;
        Ok(GateFacts {
            links: count("links")?,
            clean_runs: count("clean_runs")?,
            creates: count("creates")?,
            halo_edits: count("halo_edits")?,
            hit_edits: count("hit_edits")?,
            promotions: count("promotions")?,
            blocking_issues: count("blocking")?,
            opened: column(TABLE, &row, "opened_at")?,
            unlocked: unlocked_at.zip(tenant),
        })
    }

    pub(super) async fn read_paused(&self) -> Result<Option<Paused>, StoreError> {
        const TABLE: &str = "state";
        let row = self.only_row(TABLE, sqlx::query("SELECT paused_at, paused_why FROM state")).await?;
        let since: Option<i64> = column(TABLE, &row, "paused_at")?;
        let why: Option<String> = column(TABLE, &row, "paused_why")?;
        Ok(since.map(|since| Paused { since, why: why.unwrap_or_default() }))
    }

    pub(super) async fn read_seen(&self) -> Result<Vec<(RecordKey, String)>, StoreError> {
        const TABLE: &str = "seen";
        let rows = self.rows(sqlx::query("SELECT side, id, body FROM seen ORDER BY side, id")).await?;
        rows.iter()
            .map(|row| {
                let key = record(TABLE, column(TABLE, row, "side")?, column(TABLE, row, "id")?)?;
                Ok((key, column(TABLE, row, "body")?))
            })
            .collect()
    }

    pub(super) async fn read_seen_one(&self, key: &RecordKey) -> Result<Option<String>, StoreError> {
        let query = sqlx::query("SELECT body FROM seen WHERE side = ? AND id = ?")
            .bind(key.side().code())
            .bind(key.id());
        self.row(query).await?.map(|row| column("seen", &row, "body")).transpose()
    }

    pub(super) async fn read_catalogue(&self) -> Result<Option<String>, StoreError> {
        let row = self.only_row("state", sqlx::query("SELECT catalogue FROM state")).await?;
        column("state", &row, "catalogue")
    }

    pub(super) async fn read_rate_window(&self) -> Result<Option<String>, StoreError> {
        let row = self.only_row("state", sqlx::query("SELECT rate_window FROM state")).await?;
        column("state", &row, "rate_window")
    }
}

fn about(table: &'static str, row: &SqliteRow) -> Result<About, StoreError> {
    let text: Option<String> = column(table, row, "about")?;
    Ok(text.map(|text| from_json(table, &text)).transpose()?.unwrap_or_default())
}
