"""What our Rasa pipeline is made of."""
