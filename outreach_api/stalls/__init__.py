"""Stall days: a table in the estate, those matched there invited to it, and what was done at it."""
