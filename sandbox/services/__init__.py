"""Where residents go: service hall, online service, health centre; and the teams that come to the door."""
