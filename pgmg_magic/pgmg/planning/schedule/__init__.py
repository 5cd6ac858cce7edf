"""When what happens: the order of drops, migrations, creations and restorations in a plan."""
