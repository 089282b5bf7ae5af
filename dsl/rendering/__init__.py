"""Diagnostics -> text with carets, JSON, SARIF."""
