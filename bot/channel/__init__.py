"""The one way in: a turn is a function of a text and a state."""
