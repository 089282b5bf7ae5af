"""Fixtures for all tests of connectors: databases as the runtime's tests have them."""

from tests.engine.runtime.databases import database_url, postgres_server

__all__ = ["database_url", "postgres_server"]
