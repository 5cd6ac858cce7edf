ALTER TYPE mood RENAME TO old_mood;
