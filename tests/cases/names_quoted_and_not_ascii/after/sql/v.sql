CREATE VIEW "Größe 1"."V ""1""" AS SELECT "Ä b" FROM "Größe 1"."Tä.ble";
COMMENT ON COLUMN "Größe 1"."V ""1"""."Ä b" IS 'ja';
GRANT SELECT ("Ä b") ON "Größe 1"."V ""1""" TO PUBLIC;
CREATE VIEW w AS SELECT "Ä b" FROM "Größe 1"."V ""1""";
