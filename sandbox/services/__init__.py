"""Where residents go: service hall, online service, health centre. Who comes to the door, and who sits at a desk."""
