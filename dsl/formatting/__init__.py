"""Syntax tree and comments -> canonical text."""
