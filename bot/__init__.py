"""The Rasa project: what a resident's message means, and what follows from it."""
