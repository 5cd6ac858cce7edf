"""Plans, results, events and graphs as text, JSON, DOT, SVG and HTML: readers of immutable data, without a database."""
