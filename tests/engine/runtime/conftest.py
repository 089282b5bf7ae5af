"""Fixtures for all tests of the runtime: each runs on SQLite and on PostgreSQL."""

from tests.engine.runtime.databases import bare_database, database, database_url, postgres_server

__all__ = ["bare_database", "database", "database_url", "postgres_server"]
