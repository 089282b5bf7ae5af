"""Fixtures for all tests of connectors: databases as the runtime's tests have them."""

from tests.runtime.databases import database_url, postgres_server

__all__ = ["database_url", "postgres_server"]
