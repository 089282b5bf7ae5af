"""Tests of the lints: for each, policies that must trigger it and policies that must not."""
