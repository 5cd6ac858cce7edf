CREATE RULE quiet AS ON DELETE TO users WHERE OLD.active DO INSTEAD UPDATE users SET active = false WHERE id = OLD.id;
