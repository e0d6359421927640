"""Policy cards: what each benefit asks, gives and needs, with its sources; and the answers given from them."""
