"""The interactive graph: groups that open and close, search in all names, highlighted paths, a minimap."""
