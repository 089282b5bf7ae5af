"""Business systems, a package each: what implements `Connector`."""
