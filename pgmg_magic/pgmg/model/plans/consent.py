"""Reasons to ask before a plan is applied (rule 3.7)."""

from __future__ import annotations

from enum import StrEnum


class Consent(StrEnum):
    """A reason to ask first; the code of the warning that says so."""

    EMPTY = "empty-folder"
    MASS = "mass-deletion"
    OTHER_CHECKOUT = "other-checkout"
    OTHER_PROJECT = "other-project-object"
    ORIGINAL = "original-object"

    @property
    def hint(self) -> str:
        """The behaviour while nobody has consented yet."""
        match self:
            case Consent.EMPTY:
                return "Restore the files (is the folder mounted? is it the right branch?)."
            case Consent.MASS:
                return "Is code_dir the right folder, and is it complete?"
            case Consent.OTHER_CHECKOUT:
                return "To keep them, bring their files here: merge the branch, or copy the files."
            case Consent.OTHER_PROJECT:
                return "To leave it to the other project, take its declaration out of this one."
            case Consent.ORIGINAL:
                return "To keep them, write them to files: `pgmg import NAME`."
