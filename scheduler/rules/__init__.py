"""The rule language: what a policy asks of a resident, decided in three values (yes, no, not known)."""
