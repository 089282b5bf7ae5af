"""Outcomes of the interpreter -> reports and explanations, with the values that conditions saw."""
