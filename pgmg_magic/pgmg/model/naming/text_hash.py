"""The hash under which texts of files are recorded (rule 1.2)."""

from __future__ import annotations

import hashlib


def text_hash(text: str) -> str:
    """Return the SHA-256 (hex) of a text with LF line ends."""
    return hashlib.sha256(text.encode()).hexdigest()
