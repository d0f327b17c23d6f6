//! Lines of history: written before a request leaves, settled when its outcome is known, read back.

use sqlx::sqlite::SqliteRow;
use sync_core::field::FieldId;
use sync_core::hash::Hash256;
use sync_core::ids::{HitClientId, ItemId};
use sync_core::value::Value;

use super::SqliteStore;
use super::rows::{column, from_json, from_text, odd, record, to_json};
use super::write::Tx;
use crate::storage::{HistoryEntry, HistoryFilter, HistoryRow, Outcome, RecordKey, Settled, StoreError};

const TABLE: &str = "history";

fn text(value: Option<&Value>) -> Result<Option<String>, StoreError> {
    value.map(|value| to_json(TABLE, value)).transpose()
}

impl Tx<'_> {
    pub(super) async fn log(&mut self, entry: &HistoryEntry) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "INSERT INTO history (run, op, at, side, record, item, name, client, action, field, before, after, why,
                sentence, plan, attempt, outcome, detail)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(entry.run)
        .bind(entry.op.map(|op| op.to_string()))
        .bind(entry.at)
        .bind(entry.record.as_ref().map(|record| record.side().code()))
        .bind(entry.record.as_ref().map(RecordKey::id))
        .bind(entry.item.as_ref().map(ToString::to_string))
        .bind(entry.name.clone())
        .bind(entry.client.as_ref().map(ToString::to_string))
        .bind(entry.action.clone())
        .bind(entry.field.map(|field| field.code()))
        .bind(text(entry.before.as_ref())?)
        .bind(text(entry.after.as_ref())?)
        .bind(entry.why.clone())
        .bind(entry.sentence.clone())
        .bind(entry.plan.map(|plan| plan.to_string()))
        .bind(entry.attempt)
        .bind(entry.outcome.word())
        .bind(entry.detail.clone());
        self.run(query).await
    }

    pub(super) async fn settle(&mut self, settled: &Settled) -> Result<u64, StoreError> {
        let (field, after) = match &settled.field {
            Some((field, after)) => (Some(field.code()), text(after.as_ref())?),
            None => (None, None),
        };
        let query = sqlx::query(
            "UPDATE history SET outcome = ?1, detail = coalesce(?2, detail), side = coalesce(?3, side),
                record = coalesce(?4, record), after = CASE WHEN ?5 IS NULL THEN after ELSE ?6 END
             WHERE op = ?7 AND outcome = 'unknown' AND attempt IS NOT NULL
                AND (?8 IS NULL OR attempt = ?8) AND (?5 IS NULL OR field = ?5)",
        )
        .bind(settled.outcome.word())
        .bind(settled.detail.clone())
        .bind(settled.record.as_ref().map(|record| record.side().code()))
        .bind(settled.record.as_ref().map(RecordKey::id))
        .bind(field)
        .bind(after)
        .bind(settled.op.to_string())
        .bind(settled.attempt);
        self.run(query).await
    }
}

impl SqliteStore {
    pub(super) async fn read_history(&self, filter: &HistoryFilter) -> Result<Vec<HistoryRow>, StoreError> {
        let query = sqlx::query(
            "SELECT * FROM history
             WHERE (?1 IS NULL OR run = ?1) AND (?2 IS NULL OR op = ?2) AND (?3 IS NULL OR item = ?3)
                AND (?4 IS NULL OR client = ?4) AND (?5 IS NULL OR (side = ?5 AND record = ?6))
                AND (?7 IS NULL OR id < ?7)
             ORDER BY id DESC LIMIT ?8",
        )
        .bind(filter.run)
        .bind(filter.op.map(|op| op.to_string()))
        .bind(filter.item.as_ref().map(ToString::to_string))
        .bind(filter.client.as_ref().map(ToString::to_string))
        .bind(filter.record.as_ref().map(|record| record.side().code()))
        .bind(filter.record.as_ref().map(RecordKey::id))
        .bind(filter.before)
        .bind(i64::from(filter.limit));
        self.rows(query).await?.iter().map(history_row).collect()
    }
}

fn history_row(row: &SqliteRow) -> Result<HistoryRow, StoreError> {
    let text = |name: &str| column::<Option<String>>(TABLE, row, name);
    let value = |name: &str| text(name)?.map(|text| from_json(TABLE, &text)).transpose();
    let outcome: &str = column(TABLE, row, "outcome")?;
    let field = text("field")?
        .map(|code| {
            FieldId::ALL
                .into_iter()
                .find(|field| field.code() == code)
                .ok_or_else(|| odd(TABLE, format!("{code:?} is no field")))
        })
        .transpose()?;
    Ok(HistoryRow {
        id: column(TABLE, row, "id")?,
        entry: HistoryEntry {
            run: column(TABLE, row, "run")?,
            op: text("op")?.map(|op| from_text(TABLE, &op)).transpose()?,
            at: column(TABLE, row, "at")?,
            record: text("side")?
                .zip(text("record")?)
                .map(|(side, id)| record(TABLE, &side, &id))
                .transpose()?,
            item: text("item")?.map(ItemId::from),
            name: text("name")?,
            client: text("client")?.map(HitClientId::from),
            action: column(TABLE, row, "action")?,
            field,
            before: value("before")?,
            after: value("after")?,
            why: column(TABLE, row, "why")?,
            sentence: column(TABLE, row, "sentence")?,
            plan: text("plan")?.map(|plan| from_text::<Hash256>(TABLE, &plan)).transpose()?,
            attempt: column(TABLE, row, "attempt")?,
            outcome: Outcome::from_word(outcome)
                .ok_or_else(|| odd(TABLE, format!("{outcome:?} is no outcome")))?,
            detail: text("detail")?,
        },
    })
}
