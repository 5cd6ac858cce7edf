"""Results of commands other than plans, as plain data: applies, rows, graphs, histories, sites."""
