"""The people who get our texts: what they make of them, what they write back, and what they then do."""
