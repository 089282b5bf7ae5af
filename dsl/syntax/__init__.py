"""Text -> syntax tree: scanning, literals, building, errors of syntax."""
