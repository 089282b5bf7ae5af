"""The audit trail: what happened becomes leaves of a Merkle tree, whose roots are signed.

    what happened -> leaf (`leaf`, `record`) -> position and checkpoint (`sequence`) -> `verify`,
    `export`, `proof`

`tree`, `leaf`, `checkpoint`, `entries`, `verify` and `proof` know no database: an exported trail
and a proof are verified without SQLAlchemy.
"""
