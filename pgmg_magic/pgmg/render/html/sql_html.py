"""SQL as HTML with highlighted keywords, strings and comments; escaped, passwords masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from pgmg.render import sanitize
from pgmg.render.html.markup import trusted
from pgmg.source.grammar.lexer import Sort, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYWORDS = """
    ADD AFTER AGGREGATE ALL ALTER ALWAYS AND ANY ARRAY AS ASC ATTRIBUTE BEFORE BEGIN BETWEEN BY CASCADE CASE CAST CHECK
    COLLATE COLUMN COMMENT COMMIT CONCURRENTLY CONSTRAINT COPY CREATE CROSS CURRENT DATA DECLARE DEFAULT DEFERRABLE
    DEFERRED DELETE DESC DISABLE DISTINCT DO DOMAIN DROP EACH ELSE ELSIF ENABLE END ENUM EXCEPT EXCLUDE EXECUTE EXISTS
    EXTENSION FALSE FILTER FINALLY FOR FOREIGN FROM FULL FUNCTION GENERATED GRANT GROUP HAVING IDENTITY IF IMMUTABLE
    IN INDEX INHERIT INITIALLY INNER INSERT INSTEAD INTERSECT INTO INVOKER IS JOIN KEY LABEL LANGUAGE LATERAL LEFT
    LIKE LIMIT LOCAL LOOP MATERIALIZED NATURAL NEW NO NOT NULL OF OFFSET OLD ON ONLY OPERATOR OPTION OR
    ORDER OUTER OVER OWNER PARALLEL PARTITION POLICY PRIMARY PRIVILEGES PROCEDURE RANGE RECURSIVE REFERENCES REFRESH
    RENAME REPLACE RESET RESTRICT RETURN RETURNING RETURNS REVOKE RIGHT ROLE ROW ROWS RULE SAFE SCHEMA SECURITY SELECT
    SEQUENCE SET SETOF SOME STABLE STATISTICS STORED STRICT TABLE TEMPORARY THEN TO TRIGGER TRUE TYPE UNION UNIQUE
    UPDATE USING VALIDATE VALUES VIEW VOLATILE WHEN WHERE WINDOW WITH WITHOUT
    """


def highlighted(text: str) -> Markup:
    """Return SQL as HTML: `<span class="k">` for keywords, `s` strings, `c` comments, `n` numbers."""
    return trusted("".join(_pieces(sanitize.sanitize_block(text).rstrip(), frozenset(_KEYWORDS.split()))))


def _pieces(text: str, keywords: frozenset[str]) -> Iterator[str]:
    position = 0
    for token in tokens(text):
        yield escape(text[position : token.start])
        kind = _kind(token, keywords)
        shown = escape(token.text)
        yield shown if kind is None else f'<span class="{kind}">{shown}</span>'
        position = token.end
    yield escape(text[position:])


def _kind(token: Token, keywords: frozenset[str]) -> str | None:
    match token.sort:
        case Sort.WORD if token.word in keywords:
            return "k"
        case Sort.STRING if not token.text.startswith("$"):
            return "s"
        case Sort.COMMENT:
            return "c"
        case Sort.NUMBER:
            return "n"
        case _:
            return None
