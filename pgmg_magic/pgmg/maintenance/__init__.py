"""Changes what is recorded without applying a plan: `baseline` and `reset`."""

from pgmg.maintenance.baseline import Baseline
from pgmg.maintenance.reset import Reset

__all__ = ["Baseline", "Reset"]
