"""Work for a person: opening, routing, accepting, resolving."""
