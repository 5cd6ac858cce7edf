"""JSON documents, the schema that describes them, and saved plans."""

from pgmg.render.json.documents import schema

__all__ = ["schema"]
