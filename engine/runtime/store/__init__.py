"""The database of the runtime: SQLite by default, PostgreSQL where several machines share the work.

The only part of the engine that knows SQLAlchemy; it is imported when a gate is opened.
"""
