"""Random cases against ground truth: what pgmg says, and what is true."""
