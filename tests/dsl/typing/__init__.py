"""The static checker of expressions."""
