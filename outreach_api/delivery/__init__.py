"""Claim, commit, send, settle: how a due contact reaches its carrier exactly once."""
