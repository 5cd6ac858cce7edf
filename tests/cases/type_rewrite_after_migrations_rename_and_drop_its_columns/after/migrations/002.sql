ALTER TABLE people DROP COLUMN gone;
ALTER TABLE people RENAME COLUMN kept TO stays;
UPDATE people SET stays = 'happy' WHERE stays = 'ok';
