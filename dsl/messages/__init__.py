"""Every text that a policy author can be shown, one function each, by stage."""
