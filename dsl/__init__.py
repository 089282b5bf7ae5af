"""From policy text to a checked policy; knows nothing else of Gatewright."""
