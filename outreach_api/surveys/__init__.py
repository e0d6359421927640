"""Follow-up after a service: questionnaires, whom to ask, what was answered, and what follows from it."""
