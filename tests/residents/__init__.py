"""Tests of what is done with residents' records."""
