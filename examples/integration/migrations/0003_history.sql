-- History is written before a request leaves, so that its old value outlives a lost reply and a killed process; and
-- conflicts and questions say more about themselves.

-- When the request was sent; what the server said, or how the outcome became known; the item's name at that time.
ALTER TABLE history ADD COLUMN attempt INTEGER;
ALTER TABLE history ADD COLUMN detail TEXT;
ALTER TABLE history ADD COLUMN name TEXT;
CREATE INDEX history_client ON history (client);
CREATE INDEX history_record ON history (side, record);

-- What they are about in people's words, and who wrote there last, as far as the systems say (JSON).
ALTER TABLE conflicts ADD COLUMN about TEXT;
ALTER TABLE issues ADD COLUMN about TEXT;

-- Since when a question is asked.
ALTER TABLE questions ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
