"""What a resident's words mean to us, and what follows from them."""
