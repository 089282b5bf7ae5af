"""What happens to a decision: runs that wait for people, are executed, and leave a trail.

`transition` is the state machine, a pure function; `gate` is what programs call; `worker` executes.
`ports` says what the runtime needs of the world, `store` keeps it all in a database. The runtime
knows the engine's decisions and never its compiler.
Source: docs/architecture.md#from-a-decision-to-a-deed.
"""
