"""Changes of the database or its records without a plan: `baseline`, `refresh` and `reset`."""

from pgmg.maintenance.baseline import Baseline
from pgmg.maintenance.refresh import Refresh
from pgmg.maintenance.reset import Reset

__all__ = ["Baseline", "Refresh", "Reset"]
