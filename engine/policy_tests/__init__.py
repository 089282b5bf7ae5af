"""The tests in policies: what they give and expect, what became of them, and what they tried.

`run` runs them: `given` is what a test gives, `expectations` what it expects, `junit` the results
for build servers. `coverage` tells which `goals` they met, `coverage_report` says it. `comparisons`
finds the constants that conditions compare with, and `hints` gives them to generators of actions.
"""
