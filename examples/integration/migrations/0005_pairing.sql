-- Nothing was ever left alone until a moment: what is tried again is tried by the next run.
ALTER TABLE issues DROP COLUMN parked_until;
