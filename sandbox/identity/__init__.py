"""An identity provider: residents sign in by their real name at it, and staff with their account."""
