"""`python -m tests.bench` measures what was promised about speed, each figure against a bound from the same run."""
