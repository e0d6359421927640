"""Campaigns as people work with them: what they may do next, how far they have come, what they will take."""
