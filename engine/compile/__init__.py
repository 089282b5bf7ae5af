"""A checked policy -> decision trees, one for each action: the fast path of `evaluate`."""
