"""The environment in binder/, built from just its files, and the notebooks in it."""
