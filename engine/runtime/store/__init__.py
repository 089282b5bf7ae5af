"""The database of the runtime: SQLite by default, PostgreSQL where several machines share the work.

Tables are made, written and read here, and in `audit/`; steps pass the connection on. All of it is
imported when a gate is opened.
"""
