"""The systems, people and agents that Gatewright reads from and acts on."""
