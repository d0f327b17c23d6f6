-- Nothing was ever left alone until a moment: what is tried again is tried by the next run.
ALTER TABLE issues DROP COLUMN parked_until;

-- Answers were kept after they were carried out. They said nothing any more, and from now on they would: an answer about
-- an item whose link has ended makes another one.
DELETE FROM answers WHERE sort = 'pairing' AND id IN (SELECT item FROM links);
DELETE FROM answers WHERE sort = 'import' AND id IN (SELECT CAST(ticket AS TEXT) FROM link_tickets);

-- A link that has ended says so once: the next one of its item gets another marker.
UPDATE links SET body = json_set(body, '$.ends', json('[{}]'))
    WHERE json_extract(body, '$.state') = 'ended' AND json_extract(body, '$.ends') IS NULL;
