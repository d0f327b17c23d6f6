-- What `serve` needs: deliveries of webhooks, and facts about the process and its surroundings.

-- Deliveries that no read has taken up yet, one row per record: on disk before the sender is answered. `sort` is record,
-- look (something changed, the delivery does not say which record) or catalogue (clients or settings changed).
CREATE TABLE inbox (
    side TEXT NOT NULL,
    sort TEXT NOT NULL,
    id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (side, sort, id)
) STRICT, WITHOUT ROWID;

-- Names of deliveries, so that a repetition is recognised.
CREATE TABLE deliveries (
    side TEXT NOT NULL,
    name TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (side, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_received ON deliveries (received_at);

-- What the program notes about itself, as JSON: the serving process, each webhook, the machine it runs on.
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    noted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
