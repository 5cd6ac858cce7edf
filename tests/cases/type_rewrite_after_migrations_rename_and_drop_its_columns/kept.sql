CREATE INDEX by_mood ON persons (stays);
