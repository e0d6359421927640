"""A phone that a person holds in the browser: texts, a ringing call that speaks, answers typed, spoken or pressed."""
