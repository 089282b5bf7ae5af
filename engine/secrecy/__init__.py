"""What is secret of an action, what a value may tell of it, and both without it."""
