"""The tests of Gatewright, one folder for each area."""
