"""A team's days in fast motion: checkouts with git, watchers, a notebook and commands share one database."""
