"""The standard library of policies, imported by policy files as `std.*`."""
