"""Types of expressions, and what is known to be present."""
