"""Takes over an existing database: writes project files for what it holds, records them as applied, proves it."""

from pgmg.importing.importer import Importer

__all__ = ["Importer"]
