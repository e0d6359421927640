"""How a contact leaves the house: a seam for carriers, and the adapters behind it."""
