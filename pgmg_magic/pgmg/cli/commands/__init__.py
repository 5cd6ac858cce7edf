"""The commands of `pgmg`, a module each."""
