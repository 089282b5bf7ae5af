"""Tests of tiers, tables and the analyses below them."""
