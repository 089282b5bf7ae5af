"""Leaves of the audit trail -> a Merkle tree with signed checkpoints, and whether it still holds.

`tree` and `checkpoint` know no database; `sequence` gives leaves their positions, `verify` computes
everything anew, `proving` proves by a checkpoint, `entries` reads.
Source: RFC 9162, section 2.1; C2SP tlog-checkpoint.
"""
