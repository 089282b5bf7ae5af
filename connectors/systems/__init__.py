"""Business systems, a module each: what implements `Connector`."""
