"""Every form in which people write secrets that this project knows of; `§` stands for the secret."""

from __future__ import annotations

from dataclasses import dataclass

_TEXT = r"""
role: ALTER ROLE r PASSWORD '§'
role with a quote: ALTER ROLE r password '§''§' VALID UNTIL 'x'
role, escaped: CREATE USER u ENCRYPTED PASSWORD E'§\'§'
role, Unicode: ALTER ROLE r PASSWORD U&'§'
role, dollars: ALTER ROLE r PASSWORD $$§$$
role, tagged dollars: ALTER ROLE r PASSWORD $q$§$q$
role, no gap: CREATE ROLE r LOGIN PASSWORD'§'
role, a comment between: ALTER ROLE r PASSWORD /* which */ '§'
role, a verifier: ALTER ROLE r PASSWORD 'SCRAM-SHA-256$4096:§'
role, an equals sign: ALTER USER r WITH PASSWORD = '§'
role, concatenated: ALTER ROLE r PASSWORD 'a' || '§'
role, closing quote forgotten: ALTER ROLE r PASSWORD '§
role, opening quote forgotten: ALTER ROLE r PASSWORD §';
role, no quotes: ALTER ROLE r PASSWORD §
role, double quotes: ALTER ROLE r PASSWORD "§"
role, after a broken constant: SELECT 'it's'; ALTER ROLE r PASSWORD '§';
group: CREATE GROUP g WITH PASSWORD '§'
dynamic: DO $$ BEGIN EXECUTE 'ALTER ROLE r PASSWORD ''§'''; END $$
dynamic, format: DO $$ BEGIN EXECUTE format('ALTER ROLE r PASSWORD %L', '§'); END $$
dynamic, format of names: DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', 'r', '§'); END $$
dynamic, numbered format: DO $$ BEGIN EXECUTE format('ALTER ROLE %1$I PASSWORD %2$L', 'r', '§'); END $$
dynamic, a variable: DO $$ DECLARE pw text := '§'; BEGIN EXECUTE format('ALTER ROLE r PASSWORD %L', pw); END $$
dynamic, a variable of any name: DO $$ DECLARE x text := '§'; BEGIN EXECUTE 'ALTER ROLE r PASSWORD ' || quote_literal(x); END $$
dynamic, quote_literal: DO $$ BEGIN EXECUTE 'ALTER ROLE r PASSWORD ' || quote_literal('§'); END $$
dynamic, quotes concatenated: DO $$ BEGIN EXECUTE 'ALTER ROLE r PASSWORD ''' || '§' || ''''; END $$
dynamic, dollars: DO $$ BEGIN EXECUTE $q$ALTER ROLE r PASSWORD '§'$q$; END $$
dynamic, dollars in dollars: DO $$ BEGIN EXECUTE $q$ALTER ROLE r PASSWORD $p$§$p$ $q$; END $$
dynamic, escaped: DO $$ BEGIN EXECUTE E'ALTER ROLE r PASSWORD \'§\''; END $$
dynamic, concat: DO $$ BEGIN EXECUTE concat('ALTER ROLE r PASSWORD ', quote_literal('§')); END $$
format: SELECT format('PASSWORD %L', '§')
user mapping: CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'u', password '§')
user mapping, quoted option: CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'u', "password" '§')
user mapping, Unicode option: CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'u', U&"p\0061ssword" '§')
user mapping, changed: ALTER USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (SET password '§', ADD sslpassword '§')
foreign server: CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h', aws_secret_access_key '§', api_key '§')
foreign table: CREATE FOREIGN TABLE f (n int) SERVER s OPTIONS ("scram_client_key" '§')
subscription: CREATE SUBSCRIPTION s CONNECTION 'host=h password=§ dbname=d' PUBLICATION p
subscription, blanks: CREATE SUBSCRIPTION s CONNECTION 'host=h password = § dbname=d' PUBLICATION p
subscription, quoted: CREATE SUBSCRIPTION s CONNECTION 'host=h password=''a §'' dbname=d' PUBLICATION p
subscription, key: ALTER SUBSCRIPTION s CONNECTION 'host=h sslpassword=§ dbname=d'
subscription, URL: CREATE SUBSCRIPTION s CONNECTION 'postgresql://u:§@h/d' PUBLICATION p
subscription, URL with a quote: CREATE SUBSCRIPTION s CONNECTION 'postgresql://u:it''§@h/d' PUBLICATION p
subscription, URL with parameters: CREATE SUBSCRIPTION s CONNECTION 'postgresql://h/d?user=u&password=§' PUBLICATION p
dblink: SELECT dblink_connect('host=h password=§')
dblink, concatenated: SELECT dblink('host=h password=' || '§', 'SELECT 1')
dblink, URL concatenated: SELECT dblink('postgresql://h/d?password=' || '§', 'SELECT 1')
setting: SET app.jwt_secret = '§'
setting, TO: SET app.password TO '§'
setting, function: SELECT set_config('app.password', '§', false)
setting, database: ALTER DATABASE d SET app.secret_key = '§'
setting, role: ALTER ROLE r IN DATABASE d SET app.api_token TO '§'
setting, server: ALTER SYSTEM SET primary_conninfo = 'host=x password=§'
setting, of a function: CREATE FUNCTION f() RETURNS text LANGUAGE sql SET app.password = '§' AS 'SELECT 1'
rows: INSERT INTO users (name, password) VALUES ('bob', '§')
rows, key and value: INSERT INTO settings VALUES ('smtp_password', '§')
rows, of a table of secrets: INSERT INTO api_secrets (name, value) VALUES ('a', '§')
rows, selected: INSERT INTO users (name, password) SELECT 'bob', '§'
rows, changed: UPDATE users SET password = '§' WHERE id = 1
rows, encrypted: UPDATE users SET password = crypt('§', gen_salt('bf'))
rows, compared: DELETE FROM users WHERE '§' = password
crypt: SELECT crypt('§', gen_salt('bf'))
pgcrypto: SELECT pgp_sym_encrypt('data', '§')
alias: SELECT '§' AS password
default: CREATE TABLE t (password text DEFAULT '§')
named argument: SELECT my_login('bob', password => '§')
call: CALL set_password('bob', '§')
vault: SELECT vault.create_secret('§', 'name')
JSON: SELECT '{"password": "§"}'::jsonb
JSON, built: SELECT jsonb_build_object('password', '§')
hstore: SELECT 'password=>§'::hstore
line comment: -- PASSWORD '§'
block comment: /* password=§ */ SELECT 1
comment: COMMENT ON ROLE r IS 'password: §'
comment, JSON: COMMENT ON ROLE r IS '{"api_key": "§"}'
program: COPY t FROM PROGRAM 'curl -u bob:§ https://h/x'
program, variable: COPY t FROM PROGRAM 'PGPASSWORD=§ psql'
program, header: COPY t FROM PROGRAM 'curl -H "Authorization: Bearer §" https://h'
other dialects: CREATE USER u IDENTIFIED BY '§'
other dialects, call: SET PASSWORD FOR 'u' = PASSWORD('§')
psql: \set password '§'
in several lines: ALTER ROLE r⏎  PASSWORD -- which⏎  '§'
continued: ALTER ROLE r PASSWORD 'abc'⏎  '§'
quote forgotten before more: ALTER ROLE r⏎  PASSWORD '§⏎;⏎SELECT 'x';
copied rows: COPY users (name, password) FROM stdin;⏎bob⇥§⏎\.⏎
private key: SELECT '-----BEGIN PRIVATE KEY-----⏎§⏎-----END PRIVATE KEY-----'
"""

_LOOSE = r"""
URL: postgres://u:§@h:5432/d?sslmode=require
URL, slash in it: postgresql://u:§/§@x@h/d
URL, blank in it: postgresql://u:§ §@h/d
URL, encoded name: postgresql://h/d?p%61ssword=§
URL, token: https://§@code.example/x
URL, parameter: https://api.example/?access_token=§
URL, Java: jdbc:postgresql://h/d?user=u&password=§
pairs: host=h password=§ user=u
pairs, quoted: host=h password='a §' user=u
pairs, escaped quote: host=h password='a\'§' user=u
pairs, blanks: host=h password = §
pairs, ODBC: Driver=PG;Uid=u;Pwd=§;
message: connection failed: password=§
message, key: Key (name, password)=(bob, §) already exists.
message, column: COPY users, line 1, column password: "§"
message, context: SQL statement "ALTER ROLE r PASSWORD '§'"
settings file: connection_string = "host=h password=§"
settings file, pair: password: §
JSON file: {"password": "§"}
header: Authorization: Bearer §
"""

SECRET = "s3cr3t"
"""Begins every planted secret; nothing else contains it."""


@dataclass(frozen=True)
class Form:
    name: str
    text: str

    def planted(self, secret: str) -> str:
        return self.text.replace("§", secret)


def _forms(text: str) -> list[Form]:
    pairs = (line.split(": ", 1) for line in text.strip().splitlines())
    return [Form(name, form.replace("⏎", "\n").replace("⇥", "\t")) for name, form in pairs]


SQL = _forms(_TEXT)
"""What may stand in a file of SQL, well-formed or not."""

LOOSE = _forms(_LOOSE)
"""What stands in connection strings, settings, messages."""
