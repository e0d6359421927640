"""Reaches people and acts on what they answer."""
