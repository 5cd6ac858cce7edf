CREATE TYPE "Zu stand" AS ENUM ('é"x', 'it''s', 'a\b', '%s :x');
