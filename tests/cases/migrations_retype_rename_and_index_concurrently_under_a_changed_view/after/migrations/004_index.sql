CREATE INDEX CONCURRENTLY purchases_paid ON purchases (paid);
