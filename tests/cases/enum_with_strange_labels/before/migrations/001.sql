CREATE TABLE t (id integer, s "Zu stand");
