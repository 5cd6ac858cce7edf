"""Plans, and what is said of one: risks, privileges, compatibility, checks, its rehearsal."""
