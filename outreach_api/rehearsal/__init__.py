"""The whole house on one virtual clock, against the sandbox."""
