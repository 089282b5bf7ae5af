"""The parts of `policy_tests` and `coverage`: what tests give, expect, and reach."""
