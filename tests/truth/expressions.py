"""Random expressions of every form that PostgreSQL's grammar has, typed so that the server accepts most of them.

A template holds `{int}`, `{text}` … for operands of a type. Operands that are not plain are put in parentheses most of
the time and left bare some of the time: what the text then means is up to the grammar.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

TYPES: Mapping[str, str] = {
    "int": "integer",
    "big": "bigint",
    "num": "numeric(8,2)",
    "flt": "double precision",
    "text": "text",
    "char": "character(5)",
    "bool": "boolean",
    "date": "date",
    "ts": "timestamp without time zone",
    "ivl": "interval",
    "json": "jsonb",
    "ints": "integer[]",
    "texts": "text[]",
    "mood": "mood",
    "pair": "pair",
    "range": "int4range",
}
"""The types that generated tables and views have, by the names that templates use."""

LITERALS: Mapping[str, Sequence[str]] = {
    "int": ("0", "1", "2", "3", "-1", "5", "NULL::int", "0x0A", "1_0"),
    "big": ("10::bigint", "int8 '4'", "NULL::bigint", "CAST(7 AS bigint)"),
    "num": ("1.5", "0.25", "2::numeric", ".5", "1e1", "NULL::numeric"),
    "flt": ("1.5::float8", "'0.5'::double precision", "float8 '2'", "'-0'::float8"),
    "text": (
        "'a'", "'b'", "'abc'", "''", "E'x\\ty'", "$$it's$$", "$q$a$$b$q$", "U&'\\0061'", "NULL::text", "'A%_b'",
        "'ab'", "'v'", "'FROM v'", "text 'x'", "'1' /* v */", "'é'", "'日本'",
    ),
    "char": ("'ab'::char(5)", "character(5) 'b'", "NULL::bpchar"),
    "bool": ("true", "false", "NULL::bool", "'t'::bool", "TRUE"),
    "date": ("date '2024-02-29'", "'2023-12-31'::date", "DATE '2024-01-15'", "NULL::date"),
    "ts": ("timestamp '2024-01-01 10:30'", "'2023-06-15 00:00:01'::timestamp"),
    "ivl": ("interval '1 day'", "INTERVAL '2' HOUR", "interval '1-2' year to month", "'3 mons'::interval", "interval(0) '1.5 s'"),
    "json": ("'{\"a\": 1, \"b\": [1, 2]}'::jsonb", "'[1, 2, 3]'::jsonb", "jsonb '{}'", "'null'::jsonb", "NULL::jsonb"),
    "ints": ("ARRAY[1, 2, 3]", "'{4,5}'::int[]", "ARRAY[]::int[]", "NULL::int[]", "'{}'::integer ARRAY"),
    "texts": ("ARRAY['a', 'b']", "'{x,NULL}'::text[]", "string_to_array('a,b', ',')"),
    "mood": ("'ok'::mood", "mood 'sad'", "CAST('happy' AS mood)", "NULL::mood"),
    "pair": ("ROW(1, 'a')::pair", "(2, 'b')::pair", "NULL::pair", "CAST(ROW(3, NULL) AS pair)"),
    "range": ("int4range(1, 5)", "'[2,4]'::int4range", "'empty'::int4range", "NULL::int4range"),
}  # fmt: skip

FORMS: Mapping[str, Sequence[str]] = {
    "int": (
        "{int} + {int}", "{int} - {int}", "{int} * 2", "- {int}", "+ {int}", "{int} % 7", "{int} / 3", "@ {int}",
        "{int} & {int}", "{int} | 1", "{int} # {int}", "~ {int}", "{int} << 1", "{int} >> 1",
        "{int} OPERATOR(pg_catalog.+) {int}", "{int} OPERATOR(pg_catalog.-) 1",
        "length({text})", "char_length({text})", "ascii({text})", "position({text} IN {text})", "strpos({text}, 'a')",
        "array_length({ints}, 1)", "cardinality({ints})", "({ints})[1]", "({ints})[{int}]", "({ints})[2]",
        "jsonb_array_length('[1,2]'::jsonb)", "extract(year FROM {date})::int", "date_part('day', {date})::int",
        "EXTRACT(DOW FROM {ts})::integer", "{date} - {date}", "({pair}).x", "(ROW({int}, {text})::pair).x",
        "({json} ->> 'a')::int", "({json} -> 'a')::int", "coalesce({int}, {int})", "nullif({int}, {int})",
        "greatest({int}, {int}, {int})", "LEAST({int}, {int})", "CASE WHEN {bool} THEN {int} ELSE {int} END",
        "CASE {int} WHEN 1 THEN {int} WHEN {int} THEN 2 END", "CASE WHEN {bool} THEN {int} WHEN {bool} THEN {int} END",
        "{num}::int", "CAST({num} AS int)", "round({num})::int", "int4({num})", "abs({int})", "sign({int})::int",
        "lower({range})", "upper({range})", "{bool}::int", "hashtext({text}) % 5", "mod({int}, 5)",
        "width_bucket({int}, 0, 10, 5)", "array_position({ints}, {int})", "bit_length({text})",
        "octet_length({text})", "num_nulls({int}, {text}, {ints})", "num_nonnulls(VARIADIC {ints})",
        "json_value({json}, '$.a' RETURNING int)", "JSON_VALUE({json}, '$.b[*]' RETURNING int NULL ON EMPTY NULL ON ERROR)",
        "array_length(enum_range({mood}, NULL), 1)", "{int} + 1 -- v\n", "{int} /* FROM v */ + 1",
        "(CASE WHEN {bool} THEN {pair} ELSE {pair} END).x", "(coalesce({ints}, '{{}}'))[1]",
        "(array[{int}, {int}])[1]", "cardinality(string_to_array({text}, 'a'))",
        "trunc({num})::int", "({int})", "(({int}) + ({int}))", "({int}) - ({int}) - ({int})", "{int} - ({int} - {int})",
        "pg_catalog.abs({int})", "count_of({int})", "public.plus(a => {int}, b => {int})", "plus({int})", "plus({int}, b := {int})",
        "(SELECT {int})", "regexp_count({text}, 'a')", "char_length({char})",
    ),
    "big": (
        "{big} + {int}", "{int}::bigint", "{big} * 3", "({big} - {int})", "extract(epoch FROM {ivl})::bigint % 100",
        "abs({big})", "coalesce({big}, {int})", "{big} & 7", "CASE WHEN {bool} THEN {big} ELSE {int} END",
    ),
    "num": (
        "{num} + {num}", "{num} * {int}", "{num} - {int}", "{num} / 4", "round({num}, 1)", "trunc({num}, 1)", "{int}::numeric",
        "- {num}", "coalesce({num}, 0)", "nullif({num}, {num})", "abs({num})", "{num} ^ 2", "sqrt(abs({num}))",
        "({num})::numeric(6,1)", "{num} % 3", "CASE WHEN {bool} THEN {num} ELSE {int} END", "greatest({num}, {int})",
        "({json} -> 'a')::numeric", "EXTRACT(hour FROM {ts})", "trim_scale({num})", "CAST({int} AS numeric(10,3))",
        "mod({num}, 3)", "to_number(({int})::text, 'S999')",
    ),
    "flt": (
        "{flt} + 1", "{int}::float8 / 2", "{flt} * {int}", "- {flt}", "|/ abs({int})", "||/ {int}::float8", "floor({flt})", "{num}::float8",
        "coalesce({flt}, 0.5)", "CASE WHEN {bool} THEN {flt} END",
    ),
    "text": (
        "{text} || {text}", "{text} || {int}", "{int} || {text}", "upper({text})", "lower({text})", "initcap({text})", "reverse({text})",
        "substring({text} FROM 1 FOR 2)", "substring({text}, 2)", "substring({text} FROM '[a-z]+')",
        "substring({text} SIMILAR '%#\"a#\"%' ESCAPE '#')", "overlay({text} PLACING 'zz' FROM 1 FOR 1)",
        "trim({text})", "trim(BOTH 'a' FROM {text})", "trim(LEADING FROM {text})", "trim(TRAILING 'b' FROM {text})",
        "btrim({text}, 'a')", "replace({text}, 'a', {text})", "translate({text}, 'ab', 'ba')", "left({text}, 2)", "right({text}, 1)",
        "lpad({text}, 4, '*')", "repeat({text}, 2)", "concat({text}, {int}, {bool})", "concat_ws('-', {text}, {num})",
        "format('%s:%s', {text}, {int})", "coalesce({text}, 'none')", "nullif({text}, 'a')", "{int}::text", "CAST({num} AS text)",
        "{bool}::text", "{date}::text", "{mood}::text", "{pair}::text", "({pair}).y", "({texts})[1]", "{ints}::text",
        "array_to_string({ints}, ',', '-')", "{json} ->> 'b'", "{json} #>> '{{b,0}}'", "{json}::text", "split_part({text}, 'b', 1)",
        "md5({text})", "CASE WHEN {bool} THEN {text} ELSE 'no' END", "CASE {text} WHEN 'a' THEN {text} ELSE {text} END",
        "greatest({text}, {text})", '{text} COLLATE "C"', "({text} COLLATE \"C\") || 'x'", "to_char({num}, 'FM990.00')", "to_char({date}, 'YYYY')",
        "to_char({ts}, 'HH24:MI')", "quote_literal({text})", "quote_ident({text})", "regexp_replace({text}, 'a', 'v')", "text({char})", "{char}::text",
        "(ROW({int}, {text})::pair).y", "normalize({text}, NFC)", "json_value({json}, '$.b')", "JSON_QUERY({json}, '$.b' WITH WRAPPER)::text",
        "json_serialize(json_object('k' : {int}))", "shout({text})", "public.shout({text})", "({text})::varchar(2)::text", "tell({text}, {int})",
        "json_scalar({int})::text", "json({json}::text)::text", "pg_typeof({int})::text", "(SELECT {text})", "chr(65)",
        "encode(({text})::bytea, 'hex')", "json_object('a' VALUE {int}, 'b' : {text} NULL ON NULL)::text",
        "json_array({int}, {text} ABSENT ON NULL)::text", "json_array({int}, {bool} NULL ON NULL)::text", "json_array(SELECT g FROM generate_series(1, 2) AS g)::text",
    ),
    "char": ("{text}::char(5)", "CAST({text} AS character(5))", "coalesce({char}, 'n')", "CASE WHEN {bool} THEN {char} END"),
    "bool": (
        "{int} = {int}", "{int} <> {int}", "{int} != {int}", "{int} < {int}", "{num} >= {int}", "{text} = {text}", "{text} < {text}", "{date} <= {date}", "{mood} > {mood}",
        "{char} = {text}", "NOT {bool}", "NOT {bool}", "{bool} AND {bool}", "{bool} OR {bool}", "{bool} AND NOT {bool}", "{bool} = {bool}",
        "{bool} IS TRUE", "{bool} IS NOT TRUE", "{bool} IS FALSE", "{bool} IS UNKNOWN", "{bool} IS NOT UNKNOWN", "{bool} IS NULL", "{bool} IS NOT NULL",
        "{int} IS NULL", "{text} IS NOT NULL", "{ints} ISNULL", "{json} NOTNULL", "{pair} IS NULL", "{pair} IS NOT NULL", "ROW({int}, {text}) IS NULL", "({int}, {text}) IS NOT NULL",
        "{int} IS DISTINCT FROM {int}", "{text} IS NOT DISTINCT FROM {text}", "{pair} IS DISTINCT FROM {pair}", "{bool} IS DISTINCT FROM {bool}",
        "{int} BETWEEN {int} AND {int}", "{int} NOT BETWEEN {int} AND {int}", "{int} BETWEEN SYMMETRIC {int} AND {int}", "{num} NOT BETWEEN SYMMETRIC 1 AND {num}",
        "{int} IN (1, 2, {int})", "{int} NOT IN (1, {int})", "{bool} IN (true, {bool})", "{text} IN ('a', {text})", "({int}, {text}) IN ((1, 'a'), ({int}, {text}))", "{int} IN ({int})",
        "{text} LIKE 'a%'", "{text} NOT LIKE {text}", "{text} LIKE 'a!%' ESCAPE '!'", "{text} ILIKE {text}", "{text} NOT ILIKE 'B%'", "{text} SIMILAR TO '(a|b)%'", "{text} NOT SIMILAR TO 'a' ESCAPE '#'",
        "{text} ~ '^a'", "{text} !~ 'b'", "{text} ~* 'B'", "{text} ~~ 'a%'", "starts_with({text}, 'a')", "{text} ^@ 'a'",
        "{int} = ANY ({ints})", "{int} <> ALL ({ints})", "{int} < SOME (ARRAY[1, {int}])", "{bool} = ANY (ARRAY[{bool}, {bool}])", "({int} > 1) = ANY (ARRAY[{bool}])", "{text} LIKE ANY (ARRAY['a%', {text}])", "{text} = ANY ({texts})",
        "{int} OPERATOR(pg_catalog.=) ANY ({ints})", "ROW({int}, {int}) < ROW({int}, {int})", "({int}, {text}) >= ({int}, {text})", "ROW({int}, {text}) = ROW({int}, {text})", "ROW({int}) <> ROW({int})", "{pair} = {pair}", "{pair} < {pair}",
        "({date}, {date}) OVERLAPS ({date}, {date})", "({ts}, {ivl}) OVERLAPS ({ts}, {ivl})",
        "{json} @> '{{\"a\": 1}}'", "{json} ? 'a'", "{json} ?| ARRAY['a', {text}]", "{json} ?& {texts}", "{json} @? '$.b[*]'", "{json} @@ '$.a == 1'", "{json} = {json}", "json_exists({json}, '$.a')", "jsonb_typeof({json}) = 'object'",
        "{text} IS JSON", "{text} IS NOT JSON ARRAY", "{json}::text IS JSON OBJECT WITH UNIQUE KEYS", "{text} IS NORMALIZED", "{text} IS NFC NORMALIZED", "{text} IS NOT NFD NORMALIZED",
        "{ints} && {ints}", "{ints} @> {ints}", "{ints} <@ ARRAY[1, 2, 3]", "{ints} = {ints}", "{range} @> {int}", "{range} && {range}", "{range} << {range}", "isempty({range})", "{range} -|- {range}", "{texts} = {texts}",
        "coalesce({bool}, {bool})", "CASE WHEN {bool} THEN {bool} ELSE {bool} END", "nullif({bool}, {bool})", "greatest({bool}, {bool})", "{int}::bool", "CAST({int} AS boolean)", "is_big({int})", "{int} =~= {int}", "{int} OPERATOR(public.=~=) {int}",
        "({int} = {int}) = ({int} = {int})", "({int} IS NULL) = {bool}", "({bool} IS NULL) IS TRUE", "({bool}) IS NULL", "({bool} AND {bool}) IS NULL", "(NOT {bool}) IS NULL", "(NOT {bool}) IN ({bool}, {bool})", "NOT ({bool} IN ({bool}))",
        "({bool} OR {bool}) AND {bool}", "{bool} OR {bool} AND {bool}", "({int} < {int}) < ({int} < {int})", "({int} BETWEEN 0 AND 3) BETWEEN false AND {bool}", "({text} LIKE 'a%') = {bool}", "({int} IN (1, 2)) IS TRUE", "({text} LIKE 'a') IS NOT TRUE",
        "- {int} < {int}", "(- {int}) ^ 2 > {int}", "- ({int} ^ 2) > {int}", "{int} + {int} * {int} > 3", "({int} + {int}) * {int} > 3", "{int} || 'a' = {text}", "(SELECT {bool})", "(date_trunc('month', {ts}) AT TIME ZONE 'UTC') IS NOT NULL", "(EXISTS (SELECT 1 WHERE {bool}))", "NOT EXISTS (SELECT WHERE {bool})",
        "{int} IN (SELECT {int})", "({int}, {int}) NOT IN (SELECT {int}, 2)", "{int} >= ALL (SELECT {int})", "{int} = SOME (VALUES (1), ({int}))", "ROW({int}, 2) = (SELECT {int}, 2)", "(({int} % 2) = 0) IS TRUE",
    ),
    "date": (
        "{date} + {int}", "{date} - {int}", "{ts}::date", "CAST({ts} AS date)", "({date} + {ivl})::date", "make_date(2024, 1, 1 + abs({int}) % 28)", "coalesce({date}, current_date - current_date + date '2024-01-01')", "greatest({date}, {date})", "date_trunc('month', {ts})::date", "CASE WHEN {bool} THEN {date} END",
        "to_date('2024-05-06', 'YYYY-MM-DD')", "date({ts})",
    ),
    "ts": ("{ts} + {ivl}", "{date} + time '10:00'", "{date}::timestamp", "date_trunc('hour', {ts})", "({ts} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'", "{ts} - {ivl}", "timestamp(0) '2024-01-01 00:00:00.7'", "coalesce({ts}, {ts})", "date_bin('1 day', {ts}, timestamp '2024-01-01')", "timezone('UTC', {ts} AT TIME ZONE 'UTC')", "({ts})::timestamp(0)"),
    "ivl": ("{ivl} + {ivl}", "{ivl} * 2", "{ts} - {ts}", "justify_hours({ivl})", "make_interval(days => {int})", "- {ivl}", "coalesce({ivl}, '1 day')", "({int} || ' days')::interval", "interval '1 day' * {int}"),
    "json": (
        "{json} -> 'b'", "{json} #> '{{b}}'", "jsonb_build_object('k', {int}, 'v', {text})", "jsonb_build_array({int}, {bool})", "to_jsonb({int})", "to_jsonb({pair})", "to_jsonb({texts})", "{json} || jsonb_build_object('z', {int})", "'{{\"a\": 1}}'::jsonb - 'a'", "jsonb_strip_nulls({json})", "coalesce({json}, '{{}}')",
        "jsonb_set('{{\"a\": 1}}', '{{a}}', to_jsonb({int}))", "jsonb_path_query_first({json}, '$.b[*]')", "json_query({json}, '$.b')", "JSON_OBJECT('a' : {int} RETURNING jsonb)", "JSON_ARRAY({int}, {text} RETURNING jsonb)", "({json})['b']", "({json})['b'][0]", "CASE WHEN {bool} THEN {json} END", "to_jsonb(ROW({int}, {text}))", "jsonb_build_object('n', {num})",
    ),
    "ints": ("{ints} || {int}", "{int} || {ints}", "{ints} || {ints}", "ARRAY[{int}, {int}]", "array_append({ints}, {int})", "array_remove({ints}, {int})", "({ints})[1:2]", "({ints})[:1]", "({ints})[2:]", "coalesce({ints}, '{{}}')", "array_fill({int}, ARRAY[2])", "CASE WHEN {bool} THEN {ints} ELSE {ints} END", "ARRAY(SELECT {int})", "ARRAY(SELECT g FROM generate_series(1, 2) AS g)", "(ARRAY[ARRAY[{int}, 2], ARRAY[3, {int}]])[1:1]", "ARRAY[{int}]::int[]", "array_cat({ints}, {ints})", "(coalesce({ints}, '{{9}}'))[1:1]"),
    "texts": ("string_to_array({text}, 'a')", "{texts} || {text}", "ARRAY[{text}, 'z']", "array_replace({texts}, 'a', {text})", "{ints}::text[]", "coalesce({texts}, '{{}}')", "regexp_split_to_array({text}, 'b')", "ARRAY[{text}, {text}]::varchar(2)[]::text[]"),
    "mood": ("CASE WHEN {bool} THEN {mood} ELSE 'ok' END", "coalesce({mood}, 'sad')", "greatest({mood}, {mood})", "(CASE WHEN {bool} THEN 'ok' ELSE 'sad' END)::mood", "enum_first({mood})"),
    "pair": ("ROW({int}, {text})::pair", "({int}, {text})::pair", "CASE WHEN {bool} THEN {pair} END", "coalesce({pair}, (0, 'z')::pair)", "CAST(ROW({int}, {text}) AS public.pair)", "twin({int})"),
    "range": ("int4range({int}, {int} + 100)", "{range} * {range}", "coalesce({range}, int4range(0, 1))", "CASE WHEN {bool} THEN {range} END"),
}  # fmt: skip

AGGREGATES: Mapping[str, Sequence[str]] = {
    "int": ("max({int})", "min({int})", "count(*)::int", "count({text})::int", "sum({int})::int", "count(DISTINCT {int})::int", "max({int}) FILTER (WHERE {bool})", "bit_or({int})", "(array_agg({int} ORDER BY {int} NULLS LAST))[1]", "sum(ALL {int})::int"),
    "big": ("count(*)", "sum({int})", "count(*) FILTER (WHERE {bool})", "count({int})", "COUNT(DISTINCT {text})", "sum(DISTINCT {int})"),
    "num": ("sum({num})", "max({num})", "avg({int})::numeric(10,2)", "round(avg({num}), 1)", "sum({big})"),
    "text": ("min({text})", "string_agg({text}, ',' ORDER BY {text} COLLATE \"C\")", "string_agg(DISTINCT {text}, ',')", "max({text}) FILTER (WHERE {bool})", "percentile_disc(0.5) WITHIN GROUP (ORDER BY {text})", "(mode() WITHIN GROUP (ORDER BY {int}))::text", "glue({text} ORDER BY {text})"),
    "bool": ("bool_or({bool})", "every({bool})", "bool_and({bool})", "count(*) > 1", "max({int}) > min({int})"),
    "date": ("max({date})", "min({date})"),
    "json": ("jsonb_agg({int} ORDER BY {int})", "jsonb_object_agg(coalesce({text}, 'x'), 1)", "to_jsonb(max({int}))", "JSON_ARRAYAGG({int} ORDER BY {int} NULL ON NULL RETURNING jsonb)", "JSON_OBJECTAGG(coalesce({text}, 'x') : 1 RETURNING jsonb)"),
    "ints": ("array_agg({int} ORDER BY {int})", "array_agg(DISTINCT {int})", "ARRAY[max({int}), min({int})]"),
    "flt": ("percentile_cont(0.5) WITHIN GROUP (ORDER BY {flt})", "max({flt})"),
    "mood": ("max({mood})",),
    "ivl": ("sum({ivl})", "max({ivl})"),
}  # fmt: skip
"""Aggregates whose result does not depend on the order in which rows come."""

WINDOWS: Mapping[str, Sequence[str]] = {
    "int": ("(rank() OVER ({window}))::int", "(dense_rank() OVER ({window}))::int", "max({int}) OVER ({window})", "(count(*) OVER (PARTITION BY {int}))::int", "min({int}) FILTER (WHERE {bool}) OVER ({window})", "(ntile(1) OVER ())::int"),
    "big": ("count(*) OVER ()", "sum({int}) OVER ({window} RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)", "sum({int}) OVER ({window} GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING)", "count({text}) OVER ({window} GROUPS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP)"),
    "text": ("max({text}) OVER ({window})", "first_value({text}) OVER (PARTITION BY {int} ORDER BY {text})"),
    "bool": ("bool_or({bool}) OVER ({window})", "count(*) OVER (PARTITION BY {text}) > 1"),
    "num": ("sum({num}) OVER (PARTITION BY {bool})", "max({num}) OVER ({window})"),
}  # fmt: skip
"""Window functions whose result is the same for rows that are peers."""

ORDERED: Mapping[str, Mapping[str, Sequence[str]]] = {
    "aggregate": {
        "text": ("string_agg({text}, ',')", "glue({text})", "array_to_string(array_agg({int}), '-')", "json_agg({text})::text"),
        "int": ("(array_agg({int}))[1]", "(array_agg({int}) FILTER (WHERE {bool}))[1]"),
        "ints": ("array_agg({int})",),
        "json": ("jsonb_agg({int})", "JSON_ARRAYAGG({int} NULL ON NULL RETURNING jsonb)"),
    },
    "window": {
        "int": ("(row_number() OVER ())::int", "first_value({int}) OVER ()", "lag({int}) OVER (PARTITION BY {bool})", "nth_value({int}, 2) OVER ()"),
        "text": ("string_agg({text}, ',') OVER ()", "last_value({text}) OVER (PARTITION BY {int})"),
        "big": ("row_number() OVER (PARTITION BY {text})", "sum({int}) OVER (ROWS UNBOUNDED PRECEDING)"),
    },
}  # fmt: skip
"""Aggregates and window functions whose result depends on the order in which rows come."""

_SLOT = re.compile(r"\{(\w+)\}")
_ATOM = re.compile(r"""[\w."]+|'[^']*'|\w+\([^()]*\)""")


@dataclass(frozen=True)
class Column:
    """A column that can be named: how it is spelled, and its type by the names of `TYPES`; None for other types."""

    name: str
    type: str | None


@dataclass(frozen=True)
class Scope:
    """What an expression may name: columns, whole rows by their aliases, and those of queries around this one.

    `subquery` writes a query for use inside an expression, with columns of the given types.
    """

    columns: tuple[Column, ...] = ()
    rows: tuple[str, ...] = ()
    outer: Scope | None = None
    subquery: Callable[[Sequence[str], Scope, int], str | None] | None = field(default=None, compare=False)

    def typed(self, type_: str) -> list[str]:
        """Return the columns of a type, those of outer queries included."""
        own = [column.name for column in self.columns if column.type == type_]
        return own + (self.outer.typed(type_) if self.outer is not None else [])


class Expressions:
    """Writes expressions; `without` are patterns of forms that are not to be used."""

    def __init__(self, random_: random.Random, without: str | None = None) -> None:
        self.random = random_
        self._without = re.compile(without) if without else None
        self._forms: dict[tuple[str, str], list[str]] = {}
        self.ordered = False
        """Write also what depends on the order in which rows come."""
        self.extra: Mapping[str, Sequence[str]] = {}
        """Further forms, of objects that come and go."""

    def _of(self, table: Mapping[str, Sequence[str]], kind: str, type_: str) -> list[str]:
        key = (kind, type_)
        if key not in self._forms:
            forms = (*table.get(type_, ()), *(ORDERED.get(kind, {}).get(type_, ()) if self.ordered else ()))
            self._forms[key] = [f for f in forms if self._without is None or not self._without.search(f)]
        return self._forms[key]

    def write(self, type_: str, scope: Scope, depth: int = 2) -> str:
        """Return an expression of a type."""
        choice = self.random.random()
        columns = scope.typed(type_)
        if columns and (depth <= 0 or choice < 0.35):
            return self.random.choice(columns)
        if depth <= 0:
            return self.random.choice(LITERALS[type_])
        if choice < 0.42:
            special = self._special(type_, scope, depth)
            if special is not None:
                return special
        if choice > 0.95:
            return self.random.choice(LITERALS[type_])
        if self.extra.get(type_) and self.random.random() < 0.25:
            return self.fill(self.random.choice(self.extra[type_]), scope, depth)
        return self.fill(self.random.choice(self._of(FORMS, "form", type_)), scope, depth)

    def fill(self, template: str, scope: Scope, depth: int) -> str:
        """Return a template with expressions in it."""

        def operand(slot: re.Match[str]) -> str:
            text = self.write(slot[1], scope, depth - 1 - (self.random.random() < 0.4))
            bare = _ATOM.fullmatch(text) or self.random.random() < 0.1
            return text if bare else f"({text})"

        text = _SLOT.sub(operand, template.replace("{{", "\0").replace("}}", "\1"))
        return text.replace("\0", "{").replace("\1", "}")

    def aggregate(self, type_: str, scope: Scope, depth: int = 1) -> str | None:
        """Return an aggregate of a type over columns of the scope."""
        forms = self._of(AGGREGATES, "aggregate", type_)
        return self.fill(self.random.choice(forms), scope, depth) if forms else None

    def window(self, type_: str, scope: Scope, named: str | None = None) -> str | None:
        """Return a window function of a type; `named` is a window that the query defines, with PARTITION BY."""
        forms = self._of(WINDOWS, "window", type_)
        if not forms:
            return None
        chosen = self.random.choice(
            [
                "PARTITION BY {int} ORDER BY {int}",
                "ORDER BY {text}",
                "PARTITION BY {text}, {bool} ORDER BY {num} DESC NULLS LAST",
            ]
        )
        if named is not None and self.random.random() < 0.5:
            chosen = f"{named} ORDER BY {{int}}"
        return self.fill(self.random.choice(forms).replace("{window}", chosen), scope, 1)

    def _special(self, type_: str, scope: Scope, depth: int) -> str | None:
        """Return a subquery, or what takes a whole row."""
        if scope.rows and self.random.random() < 0.4:
            row = self.random.choice(scope.rows)
            match type_:
                case "json":
                    return self.random.choice([f"to_jsonb({row})", f"to_jsonb({row}.*)", f"row_to_json({row})::jsonb"])
                case "bool":
                    return self.random.choice(
                        [
                            f"{row} IS NULL",
                            f"({row}) IS NOT NULL",
                            f"{row} IS DISTINCT FROM NULL",
                            f"{row} = {row}",
                            f"num_nulls({row}.*) = 0",
                        ]
                    )
                case "text":
                    return self.random.choice(
                        [f"{row}::text", f"ROW({row}.*)::text", f"md5({row}::text)", f"concat({row}, 'x')"]
                    )
                case "int":
                    return self.random.choice(
                        [f"length({row}::text)", f"num_nulls({row}.*)", f"hashtext({row}::text) % 5"]
                    )
                case _:
                    return None
        if scope.subquery is None:
            return None
        match type_, self.random.randrange(4):
            case "bool", 0:
                query = scope.subquery(("int",), scope, depth - 1)
                return (
                    query
                    and f"{self.write('int', scope, depth - 1)} {self.random.choice(['IN', 'NOT IN', '= ANY', '> ALL', '<> SOME'])} ({query})"
                )
            case "bool", 1:
                query = scope.subquery(("int",), scope, depth - 1)
                return query and f"{self.random.choice(['EXISTS', 'NOT EXISTS'])} ({query})"
            case "bool", 2:
                query = scope.subquery(("int", "text"), scope, depth - 1)
                return query and f"({self.write('int', scope, 0)}, {self.write('text', scope, 0)}) IN ({query})"
            case "ints", _:
                query = scope.subquery(("int",), scope, depth - 1)
                order = "" if self.ordered and self.random.random() < 0.5 else " ORDER BY n"
                return query and f"ARRAY(SELECT * FROM ({query}) AS sub(n){order})"
            case _:
                query = scope.subquery((type_,), scope, depth - 1)
                aggregate = {
                    "int": "max",
                    "big": "max",
                    "num": "sum",
                    "text": "min",
                    "date": "max",
                    "flt": "max",
                    "ivl": "max",
                    "mood": "min",
                    "bool": "bool_or",
                }.get(type_)
                return query and aggregate and f"(SELECT {aggregate}(sub.n) FROM ({query}) AS sub(n))"
