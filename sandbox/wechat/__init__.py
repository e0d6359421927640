"""WeChat's side: gives tokens, takes customer-service messages, and calls an account's address."""
