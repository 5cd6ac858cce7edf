"""The hash under which texts of files are recorded (rule 1.2)."""

from __future__ import annotations

import hashlib


def text_hash(text: str) -> str:
    """Return the SHA-256 (hex) of a text; one with CRLF in it has that of the same text with LF."""
    return exact_hash(text.replace("\r\n", "\n"))


def exact_hash(text: str) -> str:
    """Return the SHA-256 (hex) of a text as it is."""
    return hashlib.sha256(text.encode()).hexdigest()
