"""Rehearses a plan on a copy of the database: carries it out there, measures it, and sees that nothing is left."""

from __future__ import annotations

from pgmg.rehearsal.rehearse import check_on_copy, rehearse, with_rehearsal

__all__ = ["check_on_copy", "rehearse", "with_rehearsal"]
