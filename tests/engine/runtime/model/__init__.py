"""The runtime against a model of it: any order of steps, on both databases."""
