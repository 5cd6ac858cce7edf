"""Settings of a project: `load` finds, reads and checks them."""

from pgmg.config.checkout import applied_from
from pgmg.config.loading import DEFAULT_FOLDERS, LIBPQ_VARIABLES, load, loader
from pgmg.config.settings import CONFIG_FILE, EMBEDDED, KEYS, Pooling, Settings, passwords

__all__ = [
    "CONFIG_FILE",
    "DEFAULT_FOLDERS",
    "EMBEDDED",
    "KEYS",
    "LIBPQ_VARIABLES",
    "Pooling",
    "Settings",
    "applied_from",
    "load",
    "loader",
    "passwords",
]
