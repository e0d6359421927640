"""Telling other systems: signed webhooks for cases and outcomes."""
