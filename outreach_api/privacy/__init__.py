"""Masking and access."""
