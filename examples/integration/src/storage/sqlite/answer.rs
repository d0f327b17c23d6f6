//! People's decisions: what each changes, and the line of history it leaves.

use std::collections::BTreeSet;

use sync_core::base::{Link, LinkState};
use sync_core::decision::{IssueCode, OpId, PairingAnswer, Subject};
use sync_core::ids::{ItemId, Kind, TicketId};

use super::rows::{column, from_json, to_json};
use super::write::{Done, Query, Tx};
use crate::storage::{Answer, HistoryEntry, Outcome, RecordKey, StoreError};

impl Tx<'_> {
    pub(super) async fn answer(&mut self, answer: &Answer) -> Done {
        let (op, sentence) = self.apply_answer(answer).await?;
        let entry = HistoryEntry {
            run: None,
            op,
            at: self.now,
            record: match answer {
                Answer::Pair(item, _) | Answer::WithdrawPair(item) => Some(RecordKey::Item(item.clone())),
                Answer::Import(ticket, _) | Answer::WithdrawImport(ticket) => {
                    Some(RecordKey::Ticket(*ticket))
                }
                _ => None,
            },
            item: match answer {
                Answer::Pair(item, _) | Answer::WithdrawPair(item) => Some(item.clone()),
                _ => None,
            },
            name: None,
            client: match answer {
                Answer::LinkClient(hit, _) | Answer::UnlinkClient(hit) => Some(hit.clone()),
                _ => None,
            },
            action: "decision".to_owned(),
            field: None,
            before: None,
            after: None,
            why: "[]".to_owned(),
            sentence,
            plan: None,
            attempt: None,
            outcome: Outcome::Applied,
            detail: None,
        };
        self.log(&entry).await.map(drop)
    }

    /// Forgets how often links back of the item were written, so that they are tried again.
    async fn write_links_back_again(&mut self, item: &ItemId) -> Done {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM links WHERE item = ?")
            .bind(item.to_string())
            .fetch_optional(&mut *self.inner)
            .await
            .map_err(|error| self.store.fail(error))?;
        let Some(body) = body else { return Ok(()) };
        let mut link: Link = from_json("links", &body)?;
        link.linked_back.clear();
        let query = sqlx::query("UPDATE links SET body = ? WHERE item = ?")
            .bind(to_json("links", &link)?)
            .bind(item.to_string());
        self.run(query).await.map(drop)
    }

    async fn apply_answer(&mut self, answer: &Answer) -> Result<(Option<OpId>, String), StoreError> {
        Ok(match answer {
            Answer::Pair(item, what) => {
                self.put_answer("pairing", item.as_str(), to_json("answers", what)?).await?;
                self.mark(&RecordKey::Item(item.clone()), "decision").await?;
                (None, format!("A person decided about the item {item}: {}.", spoken(*what)))
            }
            Answer::Import(ticket, what) => {
                self.put_answer("import", &ticket.to_string(), to_json("answers", what)?).await?;
                self.mark(&RecordKey::Ticket(*ticket), "decision").await?;
                (None, format!("A person decided about the ticket {ticket}: {}.", spoken(*what)))
            }
            Answer::WithdrawPair(item) => {
                self.take_back("pairing", item).await?;
                self.mark(&RecordKey::Item(item.clone()), "decision").await?;
                (None, format!("A person took back what was decided about the item {item}."))
            }
            Answer::WithdrawImport(ticket) => {
                self.take_back("import", ticket).await?;
                self.mark(&RecordKey::Ticket(*ticket), "decision").await?;
                (None, format!("A person took back what was decided about the ticket {ticket}."))
            }
            Answer::LinkClient(hit, halo) => {
                self.put_client_link(hit.as_str(), halo.0).await?;
                (None, format!("A person linked the HIT client {hit} to the Halo client {halo}."))
            }
            Answer::UnlinkClient(hit) => {
                let query = sqlx::query("DELETE FROM client_links WHERE hit = ?").bind(hit.to_string());
                self.must_change(query, "client link", hit).await?;
                (None, format!("A person unlinked the HIT client {hit}."))
            }
            Answer::MatchPerson(member, agent) => {
                let query = sqlx::query(
                    "INSERT INTO people (member, agent, matched_at) VALUES (?, ?, ?)
                     ON CONFLICT (member) DO UPDATE SET agent = excluded.agent, matched_at = excluded.matched_at",
                )
                .bind(member.to_string())
                .bind(agent.0)
                .bind(self.now);
                self.run(query).await?;
                (None, format!("A person matched the team member {member} with the agent {agent}."))
            }
            Answer::UnmatchPerson(member) => {
                let query = sqlx::query("DELETE FROM people WHERE member = ?").bind(member.to_string());
                self.must_change(query, "match of a person", member).await?;
                (None, format!("A person took back which agent the team member {member} is."))
            }
            Answer::Resolve(id, side) => {
                let item: Option<String> = sqlx::query_scalar("SELECT item FROM conflicts WHERE id = ?")
                    .bind(id.to_string())
                    .fetch_optional(&mut *self.inner)
                    .await
                    .map_err(|error| self.store.fail(error))?;
                let item = item.ok_or_else(|| missing("conflict", id))?;
                self.put_answer("conflict", &id.to_string(), to_json("answers", side)?).await?;
                self.mark(&RecordKey::Item(item.as_str().into()), "decision").await?;
                (Some(*id), format!("A person decided to keep the value of {}.", side.name()))
            }
            Answer::Approve(id) => {
                self.must_exist(
                    "SELECT count(*) FROM questions WHERE sort = 'proposal' AND id = ?",
                    "proposal",
                    id,
                )
                .await?;
                self.put_answer("approval", &id.to_string(), "true".to_owned()).await?;
                (Some(*id), "A person approved this operation.".to_owned())
            }
            Answer::Dismiss(id) => {
                self.must_exist(
                    "SELECT (SELECT count(*) FROM issues WHERE id = ?1)
                        + (SELECT count(*) FROM conflicts WHERE id = ?1)",
                    "issue or conflict",
                    id,
                )
                .await?;
                self.put_answer("dismissal", &id.to_string(), "true".to_owned()).await?;
                (Some(*id), "A person put this aside.".to_owned())
            }
            Answer::Retry(id) => {
                let row: Option<(String, String)> =
                    sqlx::query_as("SELECT code, subject FROM issues WHERE id = ?")
                        .bind(id.to_string())
                        .fetch_optional(&mut *self.inner)
                        .await
                        .map_err(|error| self.store.fail(error))?;
                let (code, subject) = row.ok_or_else(|| missing("issue", id))?;
                let subject: Subject = from_json("issues", &subject)?;
                self.delete("DELETE FROM answers WHERE sort = 'dismissal' AND id = ?", id).await?;
                if let Some(item) = &subject.item
                    && code == IssueCode::LinkBackNotKept.code()
                {
                    self.write_links_back_again(item).await?;
                }
                let item = subject.item.map(RecordKey::Item);
                let ticket = subject.ticket.map(RecordKey::Ticket);
                for key in [item, ticket].into_iter().flatten() {
                    self.mark(&key, "retry").await?;
                }
                (Some(*id), "A person asked to try this again.".to_owned())
            }
            Answer::Pause(why) => {
                let query =
                    sqlx::query("UPDATE state SET paused_at = coalesce(paused_at, ?1), paused_why = ?2")
                        .bind(self.now)
                        .bind(why.clone());
                self.run(query).await?;
                (None, format!("A person paused the sync: {why}."))
            }
            Answer::Resume => {
                self.run(sqlx::query("UPDATE state SET paused_at = NULL, paused_why = NULL")).await?;
                (None, "A person resumed the sync.".to_owned())
            }
            Answer::UnlockGate(tenant) => {
                let query = sqlx::query("UPDATE gate SET unlocked_at = ?, unlocked_tenant = ?")
                    .bind(self.now)
                    .bind(tenant.clone());
                self.run(query).await?;
                (None, format!("A person unlocked global scope by typing the tenant's name {tenant:?}."))
            }
        })
    }

    /// Forgets what people have answered and what this link carries out, or ends: the question that the answer was given
    /// to is over. The next one about the item, or about a ticket that it gives up, is a new one.
    ///
    /// What was said during the run, and the link does not say, is kept for the person who has said it.
    pub(super) async fn use_up_answers(&mut self, link: &Link) -> Done {
        let held: Vec<i64> = sqlx::query_scalar("SELECT ticket FROM link_tickets WHERE item = ?")
            .bind(link.item.to_string())
            .fetch_all(&mut *self.inner)
            .await
            .map_err(|error| self.store.fail(error))?;
        let held: BTreeSet<TicketId> = held.into_iter().map(TicketId).collect();
        let holds: BTreeSet<TicketId> = link.opportunity.into_iter().chain(link.project).collect();
        let ends = link.state == LinkState::Ended && !held.is_empty();
        if ends || (!holds.is_subset(&held) && self.carries_out(link).await?) {
            self.delete("DELETE FROM answers WHERE sort = 'pairing' AND id = ?", &link.item).await?;
        }
        for ticket in held.symmetric_difference(&holds) {
            self.delete("DELETE FROM answers WHERE sort = 'import' AND id = ?", ticket).await?;
        }
        Ok(())
    }

    /// Whether a link that gets a ticket is what a person has answered about the item, if anything.
    async fn carries_out(&mut self, link: &Link) -> Result<bool, StoreError> {
        const TABLE: &str = "answers";
        let sql = "SELECT body, answered_at, (SELECT max(started_at) FROM runs) AS run
                   FROM answers WHERE sort = 'pairing' AND id = ?";
        let query = sqlx::query(sql).bind(link.item.to_string());
        let row = query.fetch_optional(&mut *self.inner).await.map_err(|error| self.store.fail(error))?;
        let Some(row) = row else { return Ok(false) };
        let answer: PairingAnswer = from_json(TABLE, column::<&str>(TABLE, &row, "body")?)?;
        Ok(match answer {
            PairingAnswer::Link(ticket) => {
                Kind::ALL.into_iter().any(|kind| link.ticket(kind) == Some(ticket))
            }
            PairingAnswer::Ignore => false,
            // Made, or found by its marker. What was linked otherwise since the run began is what the person did not want.
            PairingAnswer::Create => {
                let before = column::<Option<i64>>(TABLE, &row, "run")?
                    .is_none_or(|run| column::<i64>(TABLE, &row, "answered_at").is_ok_and(|at| at <= run));
                before || self.is_being_made(link).await?
            }
        })
    }

    /// Whether a create for the item is under way.
    async fn is_being_made(&mut self, link: &Link) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM intents WHERE json_extract(body, '$.spec.item') = ?";
        let query = sqlx::query_scalar::<_, i64>(sql).bind(link.item.to_string());
        let count = query.fetch_one(&mut *self.inner).await.map_err(|error| self.store.fail(error))?;
        Ok(count > 0)
    }

    async fn put_answer(&mut self, sort: &'static str, id: &str, body: String) -> Done {
        let query = sqlx::query(
            "INSERT INTO answers (sort, id, body, answered_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (sort, id) DO UPDATE SET body = excluded.body, answered_at = excluded.answered_at",
        )
        .bind(sort)
        .bind(id.to_owned())
        .bind(body)
        .bind(self.now);
        self.run(query).await.map(drop)
    }

    async fn take_back(&mut self, sort: &'static str, id: &impl ToString) -> Done {
        let query =
            sqlx::query("DELETE FROM answers WHERE sort = ? AND id = ?").bind(sort).bind(id.to_string());
        self.must_change(query, "answer", id).await
    }

    async fn put_client_link(&mut self, hit: &str, halo: i64) -> Done {
        let query = sqlx::query(
            "INSERT INTO client_links (hit, halo, how, linked_at) VALUES (?, ?, 'person', ?)
             ON CONFLICT (hit) DO UPDATE SET halo = excluded.halo, how = excluded.how,
                linked_at = excluded.linked_at",
        )
        .bind(hit.to_owned())
        .bind(halo)
        .bind(self.now);
        self.run(query).await.map(drop)
    }

    async fn must_change(&mut self, query: Query, sort: &'static str, id: &impl ToString) -> Done {
        if self.run(query).await? == 0 { Err(missing(sort, id)) } else { Ok(()) }
    }

    async fn must_exist(&mut self, sql: &'static str, sort: &'static str, id: &impl ToString) -> Done {
        let count: i64 = sqlx::query_scalar(sql)
            .bind(id.to_string())
            .fetch_one(&mut *self.inner)
            .await
            .map_err(|error| self.store.fail(error))?;
        if count == 0 { Err(missing(sort, id)) } else { Ok(()) }
    }
}

fn missing(sort: &'static str, id: &impl ToString) -> StoreError {
    StoreError::NotFound { sort, id: id.to_string() }
}

fn spoken(answer: PairingAnswer) -> String {
    match answer {
        PairingAnswer::Link(ticket) => format!("it is the ticket {ticket}"),
        PairingAnswer::Create => "it is a new one".to_owned(),
        PairingAnswer::Ignore => "it is left alone".to_owned(),
    }
}
