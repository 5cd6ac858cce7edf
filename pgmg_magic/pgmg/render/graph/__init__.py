"""Dependency graphs as DOT, SVG, PNG, Mermaid and trees."""
