//! Deliveries of webhooks, and what the program notes about itself.

use sqlx::Row;

use super::SqliteStore;
use super::rows::{column, record, side};
use super::write::Done;
use crate::storage::{Delivery, Lease, Reception, StoreError, Told, UnixMs, WEBHOOK, Waiting};

/// How long the name of a delivery is kept. A sender that repeats one later costs a read, nothing else.
const NAMES_KEPT_MS: i64 = 3 * 24 * 3_600_000;

const RECORD: &str = "record";
const LOOK: &str = "look";
const CATALOGUE: &str = "catalogue";

impl SqliteStore {
    pub(super) async fn write_deliveries(
        &self,
        deliveries: &[Delivery],
        now: UnixMs,
    ) -> Result<Vec<Reception>, StoreError> {
        let mut tx = self.begin(now).await?;
        let mut receptions = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let side = delivery.side.code();
            if let Some(name) = delivery.name {
                let query = sqlx::query(
                    "INSERT INTO deliveries (side, name, received_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                );
                if tx.run(query.bind(side).bind(name.to_string()).bind(now)).await? == 0 {
                    receptions.push(Reception::Repeated);
                    continue;
                }
            }
            let mut rows: Vec<_> =
                delivery.records.iter().map(|key| (key.side(), RECORD, key.id())).collect();
            if delivery.catalogue {
                rows.push((delivery.side, CATALOGUE, String::new()));
            }
            if rows.is_empty() {
                rows.push((delivery.side, LOOK, String::new()));
            }
            for (side, sort, id) in rows {
                let query = sqlx::query(
                    "INSERT INTO inbox (side, sort, id, received_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                );
                tx.run(query.bind(side.code()).bind(sort).bind(id).bind(now)).await?;
            }
            receptions.push(Reception::Stored);
        }
        tx.end().await?;
        Ok(receptions)
    }

    pub(super) async fn take_up_deliveries(&self, lease: &Lease, now: UnixMs) -> Result<Told, StoreError> {
        const TABLE: &str = "inbox";
        let mut tx = self.begin(now).await?;
        tx.fenced(lease).await?;
        let rows = sqlx::query("SELECT side, sort, id FROM inbox ORDER BY side, sort, id")
            .fetch_all(tx.connection())
            .await
            .map_err(|error| self.fail(error))?;
        let mut told = Told::default();
        let mut catalogue = false;
        for row in &rows {
            let (code, sort): (&str, &str) = (column(TABLE, row, "side")?, column(TABLE, row, "sort")?);
            told.sides.insert(side(TABLE, code)?);
            catalogue |= sort == CATALOGUE;
            if sort == RECORD {
                let key = record(TABLE, code, column(TABLE, row, "id")?)?;
                tx.mark(&key, WEBHOOK).await?;
                told.records.insert(key);
            }
        }
        if catalogue {
            tx.run(sqlx::query("UPDATE state SET catalogue = NULL")).await?;
        }
        if !rows.is_empty() {
            tx.run(sqlx::query("DELETE FROM inbox")).await?;
        }
        let old = sqlx::query("DELETE FROM deliveries WHERE received_at < ?");
        tx.run(old.bind(now.saturating_sub(NAMES_KEPT_MS))).await?;
        tx.end().await?;
        Ok(told)
    }

    pub(super) async fn read_waiting(&self) -> Result<Waiting, StoreError> {
        let row = sqlx::query("SELECT count(*) AS count, min(received_at) AS since FROM inbox")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.fail(error))?;
        let count: i64 = column("inbox", &row, "count")?;
        Ok(Waiting { count: u64::try_from(count).unwrap_or(0), since: column("inbox", &row, "since")? })
    }

    pub(super) async fn read_fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT body FROM facts WHERE name = ?")
            .bind(name.to_owned())
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.fail(error))?;
        row.map(|row| row.try_get("body").map_err(|error| self.fail(error))).transpose()
    }

    pub(super) async fn write_fact(&self, name: &str, body: &str, now: UnixMs) -> Done {
        let mut tx = self.begin(now).await?;
        let query = sqlx::query(
            "INSERT INTO facts (name, body, noted_at) VALUES (?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET body = excluded.body, noted_at = excluded.noted_at",
        );
        tx.run(query.bind(name.to_owned()).bind(body.to_owned()).bind(now)).await?;
        tx.end().await
    }
}
