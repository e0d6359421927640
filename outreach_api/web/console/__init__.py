"""The pages that staff work in."""
