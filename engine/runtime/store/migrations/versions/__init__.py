"""The steps, by number. Each has `upgrade()`, which makes its version of the one before."""
