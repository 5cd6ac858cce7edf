CREATE VIEW v AS SELECT id, s FROM t WHERE s = 'new';
