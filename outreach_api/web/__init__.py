"""Webhooks, the JSON API and the console."""
