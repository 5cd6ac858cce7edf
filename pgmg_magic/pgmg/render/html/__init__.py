"""Documents as HTML: plans, results, errors, graphs and rows, for notebooks and pages."""
