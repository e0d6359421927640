"""A campaign lived through in advance, many times over: what it will take, and what will come of it."""
