"""Names -> what they stand for: packages, types, routes, effects, rows of rules."""
