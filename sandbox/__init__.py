"""The outside world: a street's files, a carrier, residents, services. It knows the product by HTTP and files only."""
