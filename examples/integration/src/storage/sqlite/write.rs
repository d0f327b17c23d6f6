//! Everything that changes the database. Each method is one transaction.

use sqlx::{Sqlite, SqliteConnection, Transaction};
use sync_core::base::{BaseHead, Link};
use sync_core::decision::Conflict;
use sync_core::hash::Hash128;
use sync_core::ids::Kind;

use super::SqliteStore;
use super::rows::to_json;
use crate::storage::{
    About, Answer, Change, GateStep, Identity, Lease, NewIssue, Questions, RecordKey, RunId, StoreError,
    UnixMs, WEBHOOK,
};

pub(super) type Done = Result<(), StoreError>;

/// The transaction in progress.
pub(super) struct Tx<'a> {
    pub(super) store: &'a SqliteStore,
    pub(super) inner: Transaction<'static, Sqlite>,
    pub(super) now: UnixMs,
}

impl SqliteStore {
    pub(super) async fn begin(&self, now: UnixMs) -> Result<Tx<'_>, StoreError> {
        // Immediate: the right to write is taken at the start, so that no statement fails for lack of it later.
        let inner = match self.pool.begin_with("BEGIN IMMEDIATE").await {
            // After some errors, such as a full disk, SQLite has rolled back by itself, and the driver still believes in
            // the transaction. A new connection has no past.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                let spoilt = self.pool.acquire().await.map_err(|error| self.fail(error))?;
                spoilt.close().await.map_err(|error| self.fail(error))?;
                self.pool.begin_with("BEGIN IMMEDIATE").await
            }
            begun => begun,
        };
        let inner = inner.map_err(|error| self.fail(error))?;
        Ok(Tx { store: self, inner, now })
    }

    pub(super) async fn write_identity(&self, identity: &Identity, now: UnixMs) -> Done {
        let mut tx = self.begin(now).await?;
        let found: Option<(String, Option<String>)> = sqlx::query_as("SELECT halo, hit FROM identity")
            .fetch_optional(tx.connection())
            .await
            .map_err(|error| self.fail(error))?;
        match found {
            None => {
                tx.run(
                    sqlx::query("INSERT INTO identity (one, halo, hit, created_at) VALUES (1, ?, ?, ?)")
                        .bind(identity.halo.clone())
                        .bind(identity.hit.clone())
                        .bind(now),
                )
                .await?;
            }
            Some((halo, _)) if halo != identity.halo => {
                return Err(StoreError::other_tenant(&self.path, &halo, &identity.halo));
            }
            Some((_, hit)) => match (hit, &identity.hit) {
                (Some(known), Some(asked)) if known != *asked => {
                    return Err(StoreError::OtherTenant {
                        path: self.path.clone(),
                        found: format!("the HumanizeIT account {known:?}"),
                        wanted: format!("{asked:?}"),
                    });
                }
                (None, Some(asked)) => {
                    tx.run(sqlx::query("UPDATE identity SET hit = ?").bind(asked.clone())).await?;
                }
                _ => {}
            },
        }
        tx.end().await
    }

    pub(super) async fn write_changes(
        &self,
        lease: &Lease,
        changes: &[Change],
        now: UnixMs,
    ) -> Result<BaseHead, StoreError> {
        let mut tx = self.begin(now).await?;
        tx.fenced(lease).await?;
        let mut outdated = false;
        for change in changes {
            outdated |= tx.change(change).await? > 0 && change.outdates_plans();
        }
        if outdated {
            tx.run(sqlx::query("UPDATE state SET serial = serial + 1")).await?;
        }
        let head = tx.head().await?;
        tx.end().await?;
        Ok(head)
    }

    pub(super) async fn write_answers(
        &self,
        answers: &[Answer],
        now: UnixMs,
    ) -> Result<BaseHead, StoreError> {
        let mut tx = self.begin(now).await?;
        let mut outdated = false;
        for answer in answers {
            tx.answer(answer).await?;
            outdated |= !matches!(answer, Answer::Pause(_) | Answer::Resume | Answer::Approve(_));
        }
        if outdated {
            tx.run(sqlx::query("UPDATE state SET serial = serial + 1")).await?;
        }
        let head = tx.head().await?;
        tx.end().await?;
        Ok(head)
    }

    pub(super) async fn write_run(
        &self,
        lease: &Lease,
        command: &str,
        now: UnixMs,
    ) -> Result<RunId, StoreError> {
        let mut tx = self.begin(now).await?;
        tx.fenced(lease).await?;
        let run: i64 =
            sqlx::query_scalar("INSERT INTO runs (command, started_at) VALUES (?, ?) RETURNING id")
                .bind(command)
                .bind(now)
                .fetch_one(tx.connection())
                .await
                .map_err(|error| self.fail(error))?;
        tx.end().await?;
        Ok(run)
    }

    pub(super) async fn write_gate(&self, passed: bool, now: UnixMs) -> Done {
        let mut tx = self.begin(now).await?;
        // The first time counts: it is passed again and again while the scope stays global.
        let query = match passed {
            true => sqlx::query("UPDATE gate SET opened_at = coalesce(opened_at, ?)").bind(now),
            false => sqlx::query("UPDATE gate SET opened_at = NULL"),
        };
        tx.run(query).await?;
        tx.end().await
    }

    pub(super) async fn write_rate_window(&self, text: &str) -> Done {
        let mut tx = self.begin(0).await?;
        tx.run(sqlx::query("UPDATE state SET rate_window = ?").bind(text.to_owned())).await?;
        tx.end().await
    }
}

pub(super) type Query = sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments>;

impl Tx<'_> {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }

    /// Runs a statement; the number of rows it changed.
    pub(super) async fn run(&mut self, query: Query) -> Result<u64, StoreError> {
        let done = query.execute(&mut *self.inner).await.map_err(|error| self.store.fail(error))?;
        Ok(done.rows_affected())
    }

    pub(super) async fn end(self) -> Done {
        self.inner.commit().await.map_err(|error| self.store.fail(error))
    }

    pub(super) async fn fenced(&mut self, lease: &Lease) -> Done {
        let fence: i64 = sqlx::query_scalar("SELECT fence FROM state")
            .fetch_one(&mut *self.inner)
            .await
            .map_err(|error| self.store.fail(error))?;
        if fence == lease.fence { Ok(()) } else { Err(StoreError::LeaseLost) }
    }

    async fn head(&mut self) -> Result<BaseHead, StoreError> {
        let (lineage, serial): (String, i64) = sqlx::query_as("SELECT lineage, serial FROM state")
            .fetch_one(&mut *self.inner)
            .await
            .map_err(|error| self.store.fail(error))?;
        Ok(BaseHead { lineage: lineage.into(), serial: u64::try_from(serial).unwrap_or(0) })
    }

    /// Applies one change; the number of rows it touched.
    async fn change(&mut self, change: &Change) -> Result<u64, StoreError> {
        match change {
            Change::PutLink(link) => self.put_link(link).await,
            Change::NoteClean { item, mark } => {
                let query =
                    sqlx::query("UPDATE links SET body = json_set(body, '$.clean', json(?)) WHERE item = ?")
                        .bind(to_json("links", mark)?)
                        .bind(item.to_string());
                self.run(query).await
            }
            Change::PutIntent(intent) => {
                let query = sqlx::query(
                    "INSERT INTO intents (marker, op, body) VALUES (?, ?, ?)
                     ON CONFLICT (marker) DO UPDATE SET op = excluded.op, body = excluded.body",
                )
                .bind(intent.spec.marker.to_string())
                .bind(intent.op.to_string())
                .bind(to_json("intents", intent)?);
                self.run(query).await
            }
            Change::RemoveIntent(op) => self.delete("DELETE FROM intents WHERE op = ?", op).await,
            Change::Mark { key, reason } => self.mark(key, reason).await,
            Change::Clean { key, mark } => {
                let query = sqlx::query("DELETE FROM dirty WHERE side = ? AND id = ? AND mark <= ?")
                    .bind(key.side().code())
                    .bind(key.id())
                    .bind(*mark);
                self.run(query).await
            }
            Change::MoveCursor { side, feed, value } => {
                let query = sqlx::query(
                    "INSERT INTO cursors (side, feed, value, moved_at) VALUES (?, ?, ?, ?)
                     ON CONFLICT (side, feed) DO UPDATE SET value = excluded.value, moved_at = excluded.moved_at",
                )
                .bind(side.code())
                .bind(feed.clone())
                .bind(value.clone())
                .bind(self.now);
                self.run(query).await
            }
            Change::PutSeen { key, body } => {
                let query = sqlx::query(
                    "INSERT INTO seen (side, id, body) VALUES (?, ?, ?)
                     ON CONFLICT (side, id) DO UPDATE SET body = excluded.body",
                )
                .bind(key.side().code())
                .bind(key.id())
                .bind(body.clone());
                self.run(query).await
            }
            Change::DropSeen(key) => {
                let query = sqlx::query("DELETE FROM seen WHERE side = ? AND id = ?")
                    .bind(key.side().code())
                    .bind(key.id());
                self.run(query).await
            }
            Change::KeepCatalogue(body) => {
                self.run(sqlx::query("UPDATE state SET catalogue = ?").bind(body.clone())).await
            }
            Change::PutConflict { conflict, run } => self.put_conflict(conflict, *run).await,
            Change::Describe { id, about } => self.describe(id, about).await,
            Change::RemoveConflict(id) => {
                self.delete("DELETE FROM conflicts WHERE id = ?", id).await?;
                self.delete("DELETE FROM answers WHERE sort = 'conflict' AND id = ?", id).await
            }
            Change::OpenIssue(issue) => self.open_issue(issue).await,
            Change::CloseIssue(id) => {
                self.delete("DELETE FROM issues WHERE id = ?", id).await?;
                self.delete("DELETE FROM answers WHERE sort = 'dismissal' AND id = ?", id).await
            }
            Change::SetQuestions(questions) => self.set_questions(questions).await,
            Change::LapseApprovals(before) => {
                let query = sqlx::query("DELETE FROM answers WHERE sort = 'approval' AND answered_at < ?")
                    .bind(*before);
                self.run(query).await
            }
            Change::Log(entry) => self.log(entry).await,
            Change::Settle(settled) => self.settle(settled).await,
            Change::EndRun { run, plan, exit, summary } => {
                let query =
                    sqlx::query("UPDATE runs SET ended_at = ?, plan = ?, exit = ?, summary = ? WHERE id = ?")
                        .bind(self.now)
                        .bind(plan.map(|plan| plan.to_string()))
                        .bind(i64::from(*exit))
                        .bind(summary.clone())
                        .bind(*run);
                self.run(query).await
            }
            Change::NoteSettings(note) => self.note_settings(note).await,
            Change::Gate(step) => self.gate(step).await,
        }
    }

    pub(super) async fn delete(&mut self, sql: &'static str, id: &impl ToString) -> Result<u64, StoreError> {
        self.run(sqlx::query(sql).bind(id.to_string())).await
    }

    async fn put_link(&mut self, link: &Link) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "INSERT INTO links (item, client, body) VALUES (?, ?, ?)
             ON CONFLICT (item) DO UPDATE SET client = excluded.client, body = excluded.body",
        )
        .bind(link.item.to_string())
        .bind(link.client.to_string())
        .bind(to_json("links", link)?);
        self.use_up_answers(link).await?;
        self.run(query).await?;
        self.delete("DELETE FROM link_tickets WHERE item = ?", &link.item).await?;
        for kind in Kind::ALL {
            if let Some(ticket) = link.ticket(kind) {
                let query = sqlx::query("INSERT INTO link_tickets (ticket, kind, item) VALUES (?, ?, ?)")
                    .bind(ticket.0)
                    .bind(kind.name())
                    .bind(link.item.to_string());
                self.run(query).await?;
            }
        }
        Ok(1)
    }

    /// Marks a record. A reason that asks for more (such as `retry`) is not replaced by a webhook's.
    pub(super) async fn mark(&mut self, key: &RecordKey, reason: &str) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "INSERT INTO dirty (side, id, mark, reason, since)
             SELECT ?1, ?2, next_mark, ?3, ?4 FROM state WHERE true
             ON CONFLICT (side, id) DO UPDATE SET mark = excluded.mark, reason =
                CASE WHEN excluded.reason = ?5 AND reason <> 'feed' THEN reason ELSE excluded.reason END",
        )
        .bind(key.side().code())
        .bind(key.id())
        .bind(reason.to_owned())
        .bind(self.now)
        .bind(WEBHOOK);
        self.run(query).await?;
        self.run(sqlx::query("UPDATE state SET next_mark = next_mark + 1")).await
    }

    async fn put_conflict(&mut self, conflict: &Conflict, run: Option<RunId>) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "INSERT INTO conflicts (id, item, body, since, run) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        )
        .bind(conflict.id.to_string())
        .bind(conflict.item.to_string())
        .bind(to_json("conflicts", conflict)?)
        .bind(self.now)
        .bind(run);
        self.run(query).await
    }

    async fn open_issue(&mut self, issue: &NewIssue) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "INSERT INTO issues (id, code, item, client, subject, sentence, blocks_gate, since, last_seen, seen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, 1)
             ON CONFLICT (id) DO UPDATE SET sentence = excluded.sentence, blocks_gate = excluded.blocks_gate,
                last_seen = excluded.last_seen, seen = seen + 1",
        )
        .bind(issue.id.to_string())
        .bind(issue.code.clone())
        .bind(issue.subject.item.as_ref().map(ToString::to_string))
        .bind(issue.subject.client.as_ref().map(ToString::to_string))
        .bind(to_json("issues", &issue.subject)?)
        .bind(issue.sentence.clone())
        .bind(issue.blocks_gate)
        .bind(self.now);
        self.run(query).await
    }

    async fn describe(&mut self, id: &Hash128, about: &About) -> Result<u64, StoreError> {
        let text = to_json("issues", about)?;
        let mut changed = 0;
        for sql in ["UPDATE conflicts SET about = ? WHERE id = ?", "UPDATE issues SET about = ? WHERE id = ?"]
        {
            changed += self.run(sqlx::query(sql).bind(text.clone()).bind(id.to_string())).await?;
        }
        Ok(changed)
    }

    async fn set_questions(&mut self, questions: &Questions) -> Result<u64, StoreError> {
        // A question that is asked again keeps its age: what is not asked again is deleted behind it.
        self.run(sqlx::query("UPDATE questions SET body = ''")).await?;
        for question in &questions.pairings {
            self.question("pairing", question.item.id.as_str(), to_json("questions", question)?).await?;
        }
        for question in &questions.imports {
            self.question("import", &question.ticket.id.to_string(), to_json("questions", question)?).await?;
        }
        for question in &questions.people {
            self.question("person", question.member.id.as_str(), to_json("questions", question)?).await?;
        }
        for question in &questions.clients {
            self.question("client", question.client.id.as_str(), to_json("questions", question)?).await?;
        }
        for proposal in &questions.proposals {
            self.question("proposal", &proposal.id.to_string(), to_json("questions", proposal)?).await?;
        }
        self.run(sqlx::query("DELETE FROM questions WHERE body = ''")).await
    }

    async fn question(&mut self, sort: &'static str, id: &str, body: String) -> Done {
        let query = sqlx::query(
            "INSERT INTO questions (sort, id, body, since) VALUES (?, ?, ?, ?)
             ON CONFLICT (sort, id) DO UPDATE SET body = excluded.body",
        )
        .bind(sort)
        .bind(id.to_owned())
        .bind(body)
        .bind(self.now);
        self.run(query).await.map(drop)
    }

    async fn gate(&mut self, step: &GateStep) -> Result<u64, StoreError> {
        let clean = match step.clean_run {
            Some(true) => "UPDATE gate SET clean_runs = clean_runs + 1",
            Some(false) => "UPDATE gate SET clean_runs = 0",
            None => "UPDATE gate SET clean_runs = clean_runs",
        };
        self.run(sqlx::query(clean)).await?;
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let query = sqlx::query(
            "UPDATE gate SET creates = creates + ?, halo_edits = halo_edits + ?, hit_edits = hit_edits + ?,
                promotions = promotions + ?",
        )
        .bind(count(step.creates))
        .bind(count(step.halo_edits))
        .bind(count(step.hit_edits))
        .bind(count(step.promotions));
        self.run(query).await
    }
}
