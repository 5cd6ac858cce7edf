"""Secrets in URLs and in what is written beside them: user:password@, ?password=…, bearer tokens, private keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.secrets.secret_names import is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKUP = r"[>`](?=[\s'\".,;:)<]|\Z)|<(?=/)"
_END = re.compile(rf"[\s'\"]|{_MARKUP}")
_END_NESTED = re.compile(rf"[\s\"]|{_MARKUP}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")
_PORT = re.compile(r"\d*(?:[/?#,]|\Z)")
_SPOKEN = re.compile(
    r"\bauthorization\s*:\s*(?:[a-z]+\s+)?(?P<value>[^\s'\"]+)|\bbearer\s+(?P<token>[A-Za-z0-9._~+/=-]{16,})"
    r"|-u\s+[^\s:]+:(?P<user>[^\s'\"]+)",
    re.IGNORECASE,
)
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<value>.*?)(?:-----END|\Z)", re.DOTALL)
_MOST = 50  # URLs in one word; what follows them in it is a secret
_NEAR = 20_000  # characters in which an @ is looked for behind a blank that a password holds


def url_secrets(text: str, *, nested: bool) -> Iterator[tuple[int, int]]:
    """Yield the spans of secrets; `nested` says that the text is the content of a constant, where no quote ends it."""
    at, end, seen = text.find("://"), -1, 0
    while at >= 0:
        if at + 3 > end:
            stop = (_END_NESTED if nested else _END).search(text, at + 3)
            end, seen = len(text) if stop is None else stop.start(), 0
        scheme = _SCHEME.search(text, max(0, at - 20), at)
        seen += 1
        if seen > _MOST:
            yield at + 3, end
            at = text.find("://", end)
            continue
        if scheme is not None:
            yield from _url(text, at + 3, end, scheme)
        at = text.find("://", at + 3)
    for pattern in (_SPOKEN, _KEY):
        for found in pattern.finditer(text):
            for name in found.groupdict():
                if found[name] is not None:
                    yield found.span(name)


def _url(text: str, start: int, end: int, scheme: re.Match[str]) -> Iterator[tuple[int, int]]:
    query = text.find("?", start, end)
    if query >= 0:
        yield from _parameters(text, query + 1, end)
    at = text.rfind("@", start, end)
    colon = text.find(":", start, end)
    if at < 0 and 0 <= colon < _authority_end(text, start, end) and not _PORT.match(text, colon + 1, end):
        # no host follows: the password holds what ends a URL, such as a blank or a quote
        line = text.find("\n", end)
        at = text.rfind("@", end, min(len(text) if line < 0 else line, end + _NEAR))
        yield (colon + 1, end if at < 0 else at)
    elif at >= 0 and 0 <= colon < at:
        yield colon + 1, at
    elif at >= 0 and not scheme[0].lower().startswith(("postgres", "ssh", "mailto")):
        yield start, at  # a token in place of a user


def _authority_end(text: str, start: int, end: int) -> int:
    """Return where host and port end; where they begin with the address of an IPv6 host, no colon is looked for."""
    found = re.compile(r"[/?#]").search(text, start, end)
    return start if text.startswith("[", start) else end if found is None else found.start()


def _parameters(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for found in re.compile(r"([^&;=#]+)=((?:[^&;#]|[&;#](?![^&;=#]+=))*)").finditer(text, start, end):
        if is_secret(_unescaped(found[1])):
            yield found.span(2)


def _unescaped(name: str) -> str:
    return re.sub(r"%([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), name)
