//! Versions of the settings in SQLite.

use sync_core::hash::Hash256;

use super::SqliteStore;
use super::rows::{column, from_text};
use super::write::Tx;
use crate::storage::{SettingsHow, SettingsNote, SettingsVersion, StoreError};

const TABLE: &str = "settings_versions";

impl Tx<'_> {
    /// Adds a version, unless the last one is the same.
    pub(super) async fn note_settings(&mut self, note: &SettingsNote) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "INSERT INTO settings_versions (hash, text, since, author, how, file)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?1 IS NOT
                (SELECT hash FROM settings_versions ORDER BY id DESC LIMIT 1)",
        )
        .bind(note.hash.to_string())
        .bind(note.text.clone())
        .bind(self.now)
        .bind(note.author.clone())
        .bind(note.how.word())
        .bind(note.file.clone());
        self.run(query).await
    }
}

impl SqliteStore {
    pub(super) async fn read_settings_versions(
        &self,
        limit: u32,
    ) -> Result<Vec<SettingsVersion>, StoreError> {
        let query =
            sqlx::query("SELECT * FROM settings_versions ORDER BY id DESC LIMIT ?").bind(i64::from(limit));
        let rows = self.rows(query).await?;
        rows.iter()
            .map(|row| {
                let how: String = column(TABLE, row, "how")?;
                Ok(SettingsVersion {
                    id: column(TABLE, row, "id")?,
                    hash: from_text::<Hash256>(TABLE, column(TABLE, row, "hash")?)?,
                    text: column(TABLE, row, "text")?,
                    since: column(TABLE, row, "since")?,
                    author: column(TABLE, row, "author")?,
                    // A newer program's word tells this one only that there is a version.
                    how: SettingsHow::from_word(&how).unwrap_or(SettingsHow::Noticed),
                    file: column(TABLE, row, "file")?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{Connection, SqliteConnection};

    use super::*;
    use crate::storage::{Change, Store};

    #[tokio::test]
    async fn a_database_of_the_first_schema_keeps_its_versions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let mut old = SqliteConnection::connect_with(&options).await.unwrap();
        let first = include_str!("../../../migrations/0001_first.sql");
        sqlx::raw_sql(first).execute(&mut old).await.unwrap();
        let rows = "INSERT INTO state (one, lineage, serial, fence, holder, next_mark) VALUES (1, 'a', 7, 0, '', 1);
             INSERT INTO gate (one, clean_runs, creates, halo_edits, hit_edits, promotions) VALUES (1, 0, 0, 0, 0, 0);
             INSERT INTO settings_versions (hash, text, since) VALUES
                ('0000000000000000000000000000000000000000000000000000000000000001', '{}', 5);
             PRAGMA user_version = 1; PRAGMA application_id = 1213421873";
        sqlx::raw_sql(rows).execute(&mut old).await.unwrap();
        old.close().await.unwrap();

        let store = SqliteStore::open(&path, 9).await.unwrap();
        assert_eq!(store.head().await.unwrap().serial, 7);
        let versions = store.settings_versions(9).await.unwrap();
        assert_eq!((versions.len(), versions[0].id, versions[0].since), (1, 1, 5));
        assert_eq!(
            (versions[0].how, &versions[0].author, &versions[0].file),
            (SettingsHow::Noticed, &None, &None)
        );
        let lease = store.lease("t", std::time::Duration::ZERO).await.unwrap();
        let note = SettingsNote {
            hash: Hash256::of(b"new"),
            text: "{}".into(),
            author: Some("maya".into()),
            how: SettingsHow::Set,
            file: Some("format = 1".into()),
        };
        store.commit(&lease, &[Change::NoteSettings(Box::new(note))], 10).await.unwrap();
        let newest = store.settings_versions(1).await.unwrap().remove(0);
        assert_eq!((newest.id, newest.how, newest.author.as_deref()), (2, SettingsHow::Set, Some("maya")));
        assert_eq!(newest.file.as_deref(), Some("format = 1"));
    }
}
