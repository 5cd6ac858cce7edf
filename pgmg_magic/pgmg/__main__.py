"""`python -m pgmg` is the command `pgmg`."""

from pgmg.cli.main import main

main()
