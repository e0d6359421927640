"""Who is contacted, on which channel, and when."""
