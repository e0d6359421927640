"""Residents as people work with them: found, looked at as a whole, kept right."""
