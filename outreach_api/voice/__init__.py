"""Phone calls: one assistant for every way in which a call can be carried."""
