"""Expressions and queries of every sort that the server deparses, and the objects that they use."""

from __future__ import annotations

SETUP = """
CREATE DOMAIN short AS varchar(5); CREATE TYPE en AS ENUM ('x','y'); CREATE TYPE comp AS (a int, b text);
CREATE SEQUENCE seq; CREATE TABLE t (v varchar(10), w varchar, c char(3), q text, n int, b bigint, x numeric, f float8, s short, d date, ts timestamptz, a int[], j jsonb, bo bool, e en, r int4range, co comp);
CREATE TABLE t2 (n int, z text); CREATE TABLE "Ünï" ("a b" int); CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION variadic_f(VARIADIC int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION def_f(x int DEFAULT 1, y int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION tab_f() RETURNS TABLE (a int, b text) LANGUAGE sql AS 'SELECT 1, $$a$$'; CREATE FUNCTION comp_f() RETURNS comp LANGUAGE sql AS 'SELECT 1, $$a$$'
"""

EXPRESSIONS = r"""
extract(YEAR FROM ts)
extract(epoch FROM ts)
extract("julian" FROM d)
date_part('YEAR', ts)
'x'::name
1::int2
'a'::varchar(3)
'a'::char(3)
'abc'::text COLLATE "C"
1.0
-1
-(1)
- n
1e10
'1 day'::interval
interval '1' day
interval(3) '1.23456 s'
'2020-01-01'::date
time '10:00'
timestamp '2020-01-01' at time zone 'UTC'
ts at time zone 'UTC'
ts at local
overlay(q placing 'a' from 1 for 2)
overlay(q placing 'a' from 1)
position('a' in q)
substring(q from 1 for 2)
substring(q from 'a.' )
substring(q similar 'a' escape '#')
substring(q from 'a' for '#')
trim(both 'x' from q)
trim(leading from q)
trim(q)
ltrim(q,'x')
normalize(q)
normalize(q, NFD)
q is normalized
q is nfc normalized
q is not nfkd normalized
xmlparse(content '<a/>')
xmlparse(document '<a/>' preserve whitespace)
coalesce(n, 1)
greatest(n, 1, b)
nullif(n, 1)
nullif(q, 'a')
n is distinct from 1
n is not distinct from b
(n, b) is distinct from (1, 2)
row(n, b) = row(1, 2)
(n, b) < (1, 2)
(n, b) in ((1,2),(3,4))
(n, b) = any (select 1, 2)
n in (select 1)
n not in (select 1)
n = any (select 1)
n <> all (select 1)
exists (select 1)
(select 1)
array(select 1)
array[1,2]
array[[1,2],[3,4]]
array[]::int[]
'{1,2}'::int[]
a[1]
a[1:2]
a[:2]
a[1:]
(array[1,2])[1]
n between 1 and 2
n between symmetric 2 and 1
n not between 1 and 2
q like 'a%'
q not like 'a%'
q like 'a%' escape '#'
q ilike 'a%'
q similar to 'a%'
q not similar to 'a%' escape '#'
q ~ 'a'
q is null
(n, b) is null
t is null
t is not null
bo is true
bo is not unknown
not bo
not (bo and n = 1)
bo and n = 1 or b = 2
bo = (n = 1)
case when bo then 1 else 2 end
case n when 1 then 'a' when 2 then 'b' end
cast(n as text)
n::text
n::numeric(10,2)
x::int
f::int
count(*)
count(distinct n)
count(n) filter (where bo)
sum(n) over ()
sum(n) over (partition by b order by n desc nulls last)
sum(n) over (order by n rows between unbounded preceding and 1 following exclude ties)
sum(n) over (order by n range between 1 preceding and current row)
sum(n) over (order by n groups 2 preceding)
first_value(n) over (order by b)
percentile_cont(0.5) within group (order by f)
mode() within group (order by n)
rank(1) within group (order by n)
string_agg(q, ',' order by n)
array_agg(n order by n desc)
json_build_object('a', n)
jsonb '{"a": 1}' -> 'a'
j -> 'a' ->> 'b'
j #>> '{a,b}'
j['a']
j['a']['b']
(j->'a')::int
current_date
current_timestamp
current_timestamp(3)
localtime
localtimestamp(2)
current_user
session_user
current_role
current_catalog
current_schema
now()
t
t.*
(t).n
t::text
concat(q, n)
q || n
q || 'a' || n
'a' || 'b'
n + 1 + 2
n + (1 + 2)
n - (1 - 2)
n * (b + 1)
2 ^ 3 ^ 2
n::bigint + 1
@ n
n operator(pg_catalog.+) 1
|/ x::float8
~ n
n # 1
ts - interval '1 day'
d + 1
d - d
ts > '2020-01-01'
v = 'a'
v = q
v || 'x'
c = 'a'
c || 'b'
v::varchar(5)
s
s = 'a'
s::text
s || 'x'
v collate "C" < 'a'
q collate "C"
max(q collate "C")
lower(v)
length(c)
v like any (array['a','b'])
v in ('a', w)
e = 'x'
e in ('x', 'y')
e::text
'x'::en
r @> 1
int4range(1, 2)
'[1,2)'::int4range
co
(co).a
(co).b = 'a'
row(1,'a')::comp
b'101'
x'ff'
b'1'::bit(3)
'a'::bytea
'\\x00'::bytea
1::money
'(1,2)'::point
null
null::int
null::text
'null'
true
'f'::bool
nextval('seq')
'seq'::regclass
't'::regclass::oid
'now'::timestamptz
'today'::date
variadic_f(variadic array[1,2])
variadic_f(1,2)
def_f()
def_f(1)
def_f(y => 2)
def_f(1, y => 2)
unnest(a)
generate_series(1, n)
json_array(1, 2)
json_object('a': 1)
json_scalar(1)
json('{}')
json_serialize('{}')
'{}' is json
q is json object with unique keys
json_objectagg(q: n)
json_arrayagg(n order by n)
json_value(j, '$.a')
json_query(j, '$.a' with wrapper)
json_exists(j, '$.a')
(ts, ts) overlaps (ts, interval '1 day')
q = any (string_to_array('a,b', ','))
n = any (a)
n = any ('{1,2}')
q = any ('{a,b}'::text[])
v = any ('{a,b}')
substr(q, 1)
char_length(v)
round(x, 2)
x = 1
x = 1.0
f = 1
b = 1
n = 1.5
n = '1'
n = 1::bigint
d = '2020-01-01'
d = now()
ts = d
n::float8 / 2
n / 2
5 / 2
coalesce(v, 'x')
coalesce(v, q, 'x')
case when bo then v else 'x' end
case when bo then 1 else 2.5 end
greatest(v, 'x')
array[v, 'x']
array[n, 1.5]
(select v from t limit 1)
(select max(n) from t t2 where t2.b = t.b)
extract('YEAR' from ts)
extract("Month" from ts)
""".strip().split("\n")
"""Expressions over the columns of `t`; an older server lacks some."""

QUERIES = """
select * from t
select t.* from t
select n from t as x
select x.n from t as x(n)
select x.nn from t as x(nn)
select n, n as m, n from (select n from t) s
select a.n, b.n as n2 from t a join t b on a.n = b.n
select a.n from t a, t b where a.n = b.n
select a.n from t a join t b using (n)
select n from t a join t b using (n)
select * from t a join t b using (n, b) as j
select * from t a natural join t2 b
select * from t a left join t b using (n)
select n from t a full join t b using (n)
select * from (t a join t b using (n)) as x
select * from t a left join (t b join t c on b.n = c.n) on a.n = b.n
select * from t a cross join t2 b
select a.n from t a join t b on a.n = b.n join t c on b.n = c.n
select * from t, lateral (select t.n) l
select * from t left join lateral (select t.n as z) l on true
select 1 union select 2
select 1 as a union all select 2 union select 3
(select 1 as a union select 2) intersect select 2
select 1 as a except select 2
select n from t union select b from t order by 1
(select n from t order by n limit 1) union all select 1
values (1, 'a'), (2, 'b')
select * from (values (1, 'a'), (2, 'b')) v
select * from (values (1, 'a'), (2, 'b')) as v(x, y)
with c as (select n from t) select * from c
with c(z) as (select n from t) select * from c
with c as materialized (select n from t) select * from c
with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select * from r
with recursive r as (select 1 as n union all select n + 1 from r where n < 5) search depth first by n set o select * from r
with recursive r as (select 1 as n union all select n + 1 from r where n < 5) cycle n set isc using path select * from r
select n, count(*) from t group by n
select n, count(*) from t group by 1 having count(*) > 1 order by 2 desc
select n, b, count(*) from t group by grouping sets ((n), (b), ())
select n, b, count(*) from t group by rollup (n, b)
select n, b, count(*) from t group by cube (n, b), n
select n from t group by distinct n
select distinct n from t
select distinct on (n) n, b from t order by n, b
select n from t order by n limit 5 offset 2
select n from t order by n fetch first 5 rows only
select n from t order by n fetch first 5 rows with ties
select n from t limit all
select n from t order by n desc nulls last
select n from t order by q using ~<~
select n from t for update
select n from t for share of t skip locked
select n, rank() over w from t window w as (order by n)
select n, rank() over w2 from t window w as (partition by n), w2 as (w order by b)
select n from only t
select n from t tablesample system (10)
select n from t tablesample bernoulli (10) repeatable (1)
select * from generate_series(1, 3)
select * from generate_series(1, 3) g
select * from generate_series(1, 3) with ordinality
select * from generate_series(1, 3) with ordinality as g(x, o)
select * from rows from (generate_series(1, 3), generate_series(1, 2)) as r(a, b)
select * from json_to_record('{}') as x(a int, b text)
select * from unnest(array[1,2], array['a','b']) u(a, b)
select * from tab_f()
select * from tab_f() f(p, q)
select (tab_f()).*
select * from comp_f()
select (comp_f()).*
select (c2.co).* from t c2
select n "N", b as "b c" from t
select 'a'
select 'a', 'b'
select 1, 2
select n + 1, b + 1 from t
select count(*), max(n) from t
select concat('a', 1), count(*) from t
select concat('a', 1) from t
select lower(q), upper(q), lower(v) from t
select (select 1), (select 2)
select case when true then 1 end, coalesce(n, 1) from t
select array[1], row(1)
select exists (select 1)
select n::text, b::text from t
select 'x'::name, 'y'::name
select q::varchar(3) from t
select current_date, current_user
select t from t
select t.t from (select t from t) t
select n as "select", b as "user" from t
select * from "Ünï" u
select "Ünï"."a b" from "Ünï"
select t.n from t where exists (select 1 from t t1 where t1.n = t.n)
select t.n from t where n = (select max(n) from t)
select extract(YEAR from ts) as y, sum(n) from t group by 1
select extract(YEAR from ts), sum(n) from t group by extract(YEAR from ts)
select * from (select extract(year from ts) from t) s
select * from (select 'x'::name from t) s
select * from (select n::text from t) s
select * from (select 'x' from t) s
select * from (select case when true then 1 end from t) s
select a.n as x from t a where a.n in (select b.n from t b where b.q like a.q)
select n from t where n = any (array(select b from t))
select sum(n) filter (where v in ('a','b')) from t
select n from t where (n, b) in (select n, b from t)
select n from t where v = any (array['a', 'b'])
select s1.n from (select n from t union all select b from t) s1
select * from t a join lateral (select a.n union all select 2) x on true
""".strip().split("\n")
"""Queries; a view cannot be made of every one."""
