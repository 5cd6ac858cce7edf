"""Plans, results, statuses and differences as lines of spans, printed plain or in colour."""
