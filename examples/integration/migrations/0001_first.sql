-- The first schema. Columns hold what is searched or counted; `body` holds the value as sync-core writes it to JSON.
-- Times are milliseconds since 1970-01-01T00:00:00Z by the clock of the machine that ran.

-- Whose database this is. One row, written when the first command reached both systems.
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    halo TEXT NOT NULL,
    hit TEXT,
    created_at INTEGER NOT NULL
) STRICT;

-- What is counted. One row.
CREATE TABLE state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    lineage TEXT NOT NULL,
    serial INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    holder TEXT NOT NULL,
    next_mark INTEGER NOT NULL,
    paused_at INTEGER,
    paused_why TEXT,
    rate_window TEXT,
    catalogue TEXT
) STRICT;

CREATE TABLE links (
    item TEXT PRIMARY KEY,
    client TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX links_client ON links (client);

-- One ticket belongs to one item: the primary key says so.
CREATE TABLE link_tickets (
    ticket INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    item TEXT NOT NULL REFERENCES links (item) ON DELETE CASCADE,
    UNIQUE (item, kind)
) STRICT;

-- Records as they were last read, so that a record that the feed of changes does not mention need not be read again.
CREATE TABLE seen (
    side TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (side, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE client_links (
    hit TEXT PRIMARY KEY,
    halo INTEGER NOT NULL,
    how TEXT NOT NULL,
    linked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
    member TEXT PRIMARY KEY,
    agent INTEGER NOT NULL,
    matched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Creates that were decided before their first call.
CREATE TABLE intents (
    marker TEXT PRIMARY KEY,
    op TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Records that may have changed. `mark` grows with every new reason, so that a record which was marked again while
-- it was being handled stays.
CREATE TABLE dirty (
    side TEXT NOT NULL,
    id TEXT NOT NULL,
    mark INTEGER NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (side, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursors (
    side TEXT NOT NULL,
    feed TEXT NOT NULL,
    value TEXT NOT NULL,
    moved_at INTEGER NOT NULL,
    PRIMARY KEY (side, feed)
) STRICT, WITHOUT ROWID;

CREATE TABLE conflicts (
    id TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    body TEXT NOT NULL,
    since INTEGER NOT NULL,
    run INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX conflicts_item ON conflicts (item);

CREATE TABLE issues (
    id TEXT PRIMARY KEY,
    code TEXT NOT NULL,
    item TEXT,
    client TEXT,
    subject TEXT NOT NULL,
    sentence TEXT NOT NULL,
    blocks_gate INTEGER NOT NULL,
    since INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    parked_until INTEGER
) STRICT, WITHOUT ROWID;

-- What the last plan asked people: pairings of items, pairings of clients, proposals that wait for approval.
CREATE TABLE questions (
    sort TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (sort, id)
) STRICT, WITHOUT ROWID;

-- What people answered. `sort` is pairing, import, conflict, approval or dismissal.
CREATE TABLE answers (
    sort TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    answered_at INTEGER NOT NULL,
    PRIMARY KEY (sort, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    command TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    plan TEXT,
    exit INTEGER,
    summary TEXT
) STRICT;

CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    run INTEGER REFERENCES runs (id),
    op TEXT,
    at INTEGER NOT NULL,
    side TEXT,
    record TEXT,
    item TEXT,
    client TEXT,
    action TEXT NOT NULL,
    field TEXT,
    before TEXT,
    after TEXT,
    why TEXT NOT NULL,
    sentence TEXT NOT NULL,
    plan TEXT,
    outcome TEXT NOT NULL
) STRICT;
CREATE INDEX history_run ON history (run);
CREATE INDEX history_op ON history (op);
CREATE INDEX history_item ON history (item);

CREATE TABLE settings_versions (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    text TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;

-- The evidence for going global. One row.
CREATE TABLE gate (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    clean_runs INTEGER NOT NULL,
    creates INTEGER NOT NULL,
    halo_edits INTEGER NOT NULL,
    hit_edits INTEGER NOT NULL,
    promotions INTEGER NOT NULL,
    opened_at INTEGER,
    unlocked_at INTEGER,
    unlocked_tenant TEXT
) STRICT;
