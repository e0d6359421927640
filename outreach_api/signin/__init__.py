"""Signing in at somebody else's door: OpenID Connect, for residents by their real name and for staff."""
