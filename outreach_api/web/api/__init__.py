"""The JSON API that other systems use."""
