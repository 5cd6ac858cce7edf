"""Plans, results, statuses and differences as text: first lines of spans, then plain or coloured."""
