"""What we know: tables, closed vocabularies, state machines, column types, sessions."""
