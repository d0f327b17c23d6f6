-- Who changed the settings, how, and the configuration file as it then was, so that it can be brought back.

-- The person; nothing where the change was only noticed.
ALTER TABLE settings_versions ADD COLUMN author TEXT;
-- How it came about: set, roll_back, setup, file (edited by hand), answers (of pair), first.
ALTER TABLE settings_versions ADD COLUMN how TEXT NOT NULL DEFAULT 'noticed';
-- The text of the configuration file. It holds no secrets.
ALTER TABLE settings_versions ADD COLUMN file TEXT;
