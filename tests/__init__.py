"""The tests of Gatewright.

`dsl`, `engine`, `cli` and `connectors` are about the folders and modules of these names, and the
tests in no folder are about gatewright/, docs/ and the tree. The others cross it:

- `diagnostics`: a case a folder, with all that is said of it, for every code;
- `properties`: laws of generated policies, decided by an oracle of the language page alone too;
- `differential`: conditions here and in other interpreters of the expression language;
- `conformance`: the public suite of that language;
- `attacks`: what was tried against limits, secrets and the runtime, and is repelled;
- `benchmarks`: that they run and report what they should.

`strategies` generates policies and actions for them; `readme_blocks.py` reads the examples of a page.
"""
