"""A checked policy -> Python code that decides the same, faster.

The interpreter stays the reference: code that is made here either gives the interpreter's answer or
raises, and whoever calls it asks the interpreter then.
"""
