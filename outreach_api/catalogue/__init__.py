"""The catalogue as it grows: what departments submit, what a second person approved, and which card counts today."""
