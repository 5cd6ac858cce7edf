CREATE SCHEMA "Größe 1";
CREATE TABLE "Größe 1"."Tä.ble" ("Ä b" integer, "sel""ect" text);
