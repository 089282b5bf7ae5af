"""The expression language at run time: an interpreter over the syntax tree, and its functions.

This is the reference: what it answers is what a condition means. It knows values and the syntax
tree, and nothing of policies, actions or stores; those come in through a scope.
"""
