CREATE TYPE "Zu stand" AS ENUM ('it''s', 'a\b');
