"""Writes the generated parts of `docs/reference/`, so that what is read there is what the code does."""
