"""Which conditions other hosts of CEL understand, and whether they answer the same."""
