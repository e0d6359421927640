"""One street of fictitious people and the untidy files a district would export about them."""
