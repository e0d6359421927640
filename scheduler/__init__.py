"""Decides who is reached, about what, and when."""
