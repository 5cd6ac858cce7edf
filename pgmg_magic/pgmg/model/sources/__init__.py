"""The contents of files: declared objects, their facts and references, and what migrations do."""
