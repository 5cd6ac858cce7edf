"""A small library as a pgmg project, and a walk through plan, apply, edit, plan, apply."""
