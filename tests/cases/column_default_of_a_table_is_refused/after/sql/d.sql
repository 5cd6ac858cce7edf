-- no view
ALTER TABLE tasks ALTER state SET DEFAULT 'x';
