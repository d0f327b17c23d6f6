//! What a file of SQLite goes through: older versions, a full disk, damage, copies.

use std::time::Duration;

use sync_core::base::End;
use sync_core::decision::PairingAnswer;
use sync_core::ids::{Side, TicketId};
use sync_core::value::Value;

use crate::storage::suite::{delivery, link};
use crate::storage::{
    About, Answer, BaseHead, Change, HistoryFilter, Reception, RecordKey, SqliteStore, Store, StoreError,
};

const NO_WAIT: Duration = Duration::ZERO;

/// `link("i1", 7)` as the first version wrote it: what is written today would prove nothing of what was written then.
const LINK: &str = r#"{"item":"i1","client":"c1","halo_client":"12","opportunity":null,"project":"7",
        "base":{"project":{"name":{"halo":{"text":"a"},"hit":null}}},"pending":[],"flap":[],
        "state":"active","promotion_since":null,"gone":[],"clean":null}"#;

/// A database as the first version made it, with a link, a mark, a cursor and a line of history.
async fn made_by_the_first_version(path: &std::path::Path) {
    use sqlx::Connection;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let rows = [
        include_str!("../../../migrations/0001_first.sql").to_owned(),
        "INSERT INTO state (one, lineage, serial, fence, holder, next_mark, catalogue)
         VALUES (1, 'abc', 5, 3, 'x', 9, '{}')"
            .to_owned(),
        "INSERT INTO gate (one, clean_runs, creates, halo_edits, hit_edits, promotions)
         VALUES (1, 2, 1, 1, 1, 1)"
            .to_owned(),
        "INSERT INTO runs (id, command, started_at, ended_at, exit) VALUES (0, 'create', 1, 1, 0)".to_owned(),
        format!("INSERT INTO links (item, client, body) VALUES ('i1', 'c1', '{LINK}')"),
        "INSERT INTO link_tickets (ticket, kind, item) VALUES (7, 'project', 'i1')".to_owned(),
        "INSERT INTO dirty (side, id, mark, reason, since) VALUES ('halo', '7', 8, 'retry', 4)".to_owned(),
        "INSERT INTO cursors (side, feed, value, moved_at) VALUES ('hit', 'items', 'c', 4)".to_owned(),
        "INSERT INTO history (run, at, action, why, sentence, outcome)
         VALUES (0, 4, 'update', '[]', 'It was done.', 'applied')"
            .to_owned(),
        format!("PRAGMA user_version = 1; PRAGMA application_id = {}", 0x4853_5931),
    ];
    for sql in rows {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date_with_everything_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.db");
    made_by_the_first_version(&path).await;
    let store = SqliteStore::open(&path, 9).await.unwrap();
    let head = store.head().await.unwrap();
    assert_eq!((&*head.lineage, head.serial), ("abc", 5));
    assert_eq!(store.link_of_ticket(TicketId(7)).await.unwrap(), Some(link("i1", 7)));
    assert_eq!(store.dirty().await.unwrap()[0].reason, "retry");
    assert_eq!(store.cursors().await.unwrap()[0].value, "c");
    assert_eq!(store.catalogue().await.unwrap().as_deref(), Some("{}"));
    assert_eq!(store.gate().await.unwrap().clean_runs, 2);
    let lines = store.history(&HistoryFilter { limit: 9, ..HistoryFilter::default() }).await.unwrap();
    assert_eq!(lines[0].entry.sentence, "It was done.");
    // And what came later works in it.
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    assert_eq!(lease.fence, 4);
    store.receive(&[delivery(None, &[RecordKey::Item("i1".into())])], 10).await.unwrap();
    assert_eq!(store.take_up(&lease, 11).await.unwrap().records.len(), 1);
    assert_eq!(store.dirty().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_full_disk_keeps_what_was_committed_and_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let store = SqliteStore::open(&path, 0).await.unwrap();
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let put = |number: i64| {
        let key = RecordKey::Ticket(TicketId(number));
        let cursor = Change::MoveCursor { side: Side::Halo, feed: "f".into(), value: number.to_string() };
        [Change::PutSeen { key, body: "x".repeat(20_000) }, cursor]
    };
    store.commit(&lease, &put(1), 1).await.unwrap();
    store.leave_room(8).await;
    let full = loop {
        let kept = store.seen().await.unwrap().len() as i64;
        match store.commit(&lease, &put(kept + 1), 1).await {
            Ok(_) => assert!(kept < 100, "the disk never fills"),
            Err(error) => break (kept, error),
        }
    };
    let (kept, error) = full;
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    let failure = crate::exit::Failure::from(error);
    assert_eq!(failure.code(), "disk_full");
    assert!(failure.to_string().contains("free some space"), "{failure}");
    // All or nothing: the cursor stands where the last row that was kept says.
    assert_eq!(store.seen().await.unwrap().len() as i64, kept);
    assert_eq!(store.cursors().await.unwrap()[0].value, kept.to_string());
    // The same process goes on as soon as there is room (the limit ends with the connection, which is made anew).
    store.commit(&lease, &put(kept + 1), 3).await.unwrap();
    assert_eq!(store.seen().await.unwrap().len() as i64, kept + 1);
    assert_eq!(store.receive(&[delivery(None, &[])], 4).await.unwrap(), [Reception::Stored]);
}

#[tokio::test]
async fn a_copy_holds_everything_and_overwrites_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let [path, copy] = ["a.db", "copy.db"].map(|name| directory.path().join(name));
    let store = SqliteStore::open(&path, 0).await.unwrap();
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    store.commit(&lease, &[Change::PutLink(Box::new(link("i1", 7)))], 1).await.unwrap();
    store.copy_to(&copy).await.unwrap();
    store.commit(&lease, &[Change::PutLink(Box::new(link("i2", 8)))], 2).await.unwrap();
    assert!(matches!(store.copy_to(&copy).await, Err(StoreError::CopyExists { .. })));
    let nowhere = directory.path().join("no/such/folder/copy.db");
    assert!(matches!(store.copy_to(&nowhere).await, Err(StoreError::CannotCopy { .. })));
    let copied = SqliteStore::open(&copy, 3).await.unwrap();
    assert_eq!(copied.all_links().await.unwrap(), [link("i1", 7)]);
    assert_eq!(copied.head().await.unwrap().lineage, store.head().await.unwrap().lineage);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o077, 0);
    }
}

#[tokio::test]
async fn damage_is_told_with_a_way_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let store = SqliteStore::open(&path, 0).await.unwrap();
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let many = (0..500).map(|n| Change::PutLink(Box::new(link(&format!("i{n}"), n))));
    store.commit(&lease, &many.collect::<Vec<_>>(), 1).await.unwrap();
    drop(lease);
    store.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4_096..].fill(0x5A);
    std::fs::write(&path, &bytes).unwrap();
    let error = match SqliteStore::open(&path, 2).await {
        Ok(store) => store.all_links().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!(crate::exit::Failure::from(error).code(), "database_damaged");
}

#[tokio::test]
async fn a_file_is_found_again_by_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let first = SqliteStore::open(&path, 0).await.unwrap();
    let head = first.head().await.unwrap();
    let lease = first.lease("first", NO_WAIT).await.unwrap();
    first.commit(&lease, &[Change::PutLink(Box::new(link("i1", 1)))], 1).await.unwrap();
    // Opened twice, as two processes would: reading works, the lease does not.
    let second = SqliteStore::open(&path, 0).await.unwrap();
    assert_eq!(second.count_links().await.unwrap(), 1);
    assert_eq!(second.head().await.unwrap().lineage, head.lineage);
    let refused = second.lease("second", NO_WAIT).await.unwrap_err();
    assert!(matches!(refused, StoreError::Locked { .. }), "{refused}");
    second.decide(&[Answer::Pause("a person may".into())], 2).await.unwrap();
    assert!(first.paused().await.unwrap().is_some());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    }
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date() {
    use sqlx::Connection;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(include_str!("../../../migrations/0001_first.sql")).execute(&mut connection).await.unwrap();
    // A line, an issue and a proposal as the first program wrote them.
    sqlx::raw_sql(
        r#"INSERT INTO state (one, lineage, serial, fence, holder, next_mark) VALUES (1, 'abc', 4, 2, '', 1);
        INSERT INTO gate (one, clean_runs, creates, halo_edits, hit_edits, promotions) VALUES (1, 0, 0, 0, 0, 0);
        INSERT INTO history (op, at, side, record, item, action, field, before, after, why, sentence, outcome)
            VALUES (NULL, 5, 'halo', '7', 'i1', 'update', 'name', '{"text":"old"}', '{"text":"new"}', '[]',
            'Name changes.', 'applied');
        INSERT INTO issues (id, code, subject, sentence, blocks_gate, since, last_seen, seen)
            VALUES ('00000000000000000000000000000001', 'client_stopped', '{}', 'Stopped.', 1, 3, 3, 1);
        INSERT INTO links (item, client, body) VALUES
            ('i1', 'c1', '{"item":"i1","client":"c1","halo_client":"12","state":"ended"}'),
            ('i2', 'c1', '{"item":"i2","client":"c1","halo_client":"12","project":"8","state":"active"}');
        INSERT INTO link_tickets (ticket, kind, item) VALUES (8, 'project', 'i2');
        INSERT INTO answers (sort, id, body, answered_at) VALUES ('pairing', 'i1', '{"link":"7"}', 1),
            ('pairing', 'i2', '"create"', 1), ('pairing', 'i3', '"create"', 1), ('import', '8', '"create"', 1),
            ('import', '9', '"ignore"', 1);
        INSERT INTO questions (sort, id, body) VALUES ('proposal', '00000000000000000000000000000002',
            '{"id":"00000000000000000000000000000002","sentence":"s","item":null,"sort":"unlink"}');
        PRAGMA user_version = 1; PRAGMA application_id = 1213421873"#,
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    let store = SqliteStore::open(&path, 9).await.unwrap();
    assert_eq!(store.head().await.unwrap(), BaseHead { lineage: "abc".into(), serial: 4 });
    let lines = store.history(&HistoryFilter { limit: 9, ..Default::default() }).await.unwrap();
    assert_eq!((lines[0].entry.before.clone(), lines[0].entry.attempt), (Some(Value::text("old")), None));
    assert_eq!(store.issues().await.unwrap()[0].about, About::default());
    assert_eq!(store.questions().await.unwrap().proposals[0].since, 0);
    // Nobody was told that what was answered and carried out long ago would say anything again.
    let decisions = store.decisions().await.unwrap();
    assert_eq!(decisions.pairings, [("i3".into(), PairingAnswer::Create)].into());
    assert_eq!(decisions.imports, [(TicketId(9), PairingAnswer::Ignore)].into());
    let ends = async |item: &str| store.link(&item.into()).await.unwrap().unwrap().ends;
    assert_eq!((ends("i1").await, ends("i2").await), (vec![End::default()], vec![]));
}

#[tokio::test]
async fn foreign_and_future_files_are_refused_unchanged() {
    use sqlx::Connection;
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("notes.txt");
    std::fs::write(&text, "these are notes, long enough to have a header of a hundred bytes ".repeat(9))
        .unwrap();
    let foreign = directory.path().join("foreign.db");
    let future = directory.path().join("future.db");
    SqliteStore::open(&future, 0).await.unwrap().close().await;
    for (path, sql) in [(&foreign, "CREATE TABLE notes (t TEXT)"), (&future, "PRAGMA user_version = 99")] {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
    for path in [&text, &foreign, &future] {
        let before = std::fs::read(path).unwrap();
        let error = SqliteStore::open(path, 0).await.map(drop).unwrap_err();
        let expected = if path == &future {
            matches!(error, StoreError::NewerSchema { found: 99, .. })
        } else {
            matches!(error, StoreError::NotOurs { .. })
        };
        assert!(expected, "{error:?}");
        let failure = crate::exit::Failure::from(error);
        assert_eq!(failure.exit(), crate::exit::Exit::Database);
        assert_eq!(std::fs::read(path).unwrap(), before, "{}", path.display());
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let error = SqliteStore::open(std::path::Path::new("/nowhere/at/all/a.db"), 0).await.unwrap_err();
    let sentence = crate::exit::Failure::from(error).to_string();
    assert!(
        sentence.starts_with("the database /nowhere/at/all/a.db cannot be opened: see that"),
        "{sentence}"
    );
}
