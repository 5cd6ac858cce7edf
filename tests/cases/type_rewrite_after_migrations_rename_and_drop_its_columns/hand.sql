CREATE INDEX by_mood ON people (kept);
