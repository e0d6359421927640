"""The outside world: a street's files, a carrier, its residents and the services they use. It knows the product by HTTP."""
