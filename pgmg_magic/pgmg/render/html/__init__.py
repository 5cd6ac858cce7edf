"""Plans, results, errors, graphs and rows as HTML, for notebooks and pages."""
