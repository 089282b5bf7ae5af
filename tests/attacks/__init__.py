"""Attacks on decisions: what a hostile agent, document or policy text could try."""
