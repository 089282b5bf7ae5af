"""From a checked policy and an action to a decision with its reasons."""
