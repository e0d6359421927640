"""Proof under faults: the real services on virtual time, crashed at every commit and every outside call."""
