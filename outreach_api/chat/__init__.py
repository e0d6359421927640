"""The chat page: links to it, who may open it, and what it shows."""
