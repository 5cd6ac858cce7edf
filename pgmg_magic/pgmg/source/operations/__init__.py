"""Reads what a statement does to relations: which it locks and how, whether it scans or rewrites them."""

from __future__ import annotations

from pgmg.source.operations.statement_readers import operations_of

__all__ = ["operations_of"]
