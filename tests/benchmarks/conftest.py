"""Databases for the benchmarks of the runtime."""

from tests.engine.runtime.databases import database_url, postgres_server

__all__ = ["database_url", "postgres_server"]
