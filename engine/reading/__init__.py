"""Data of callers -> run-time values, and what is wrong with them."""
