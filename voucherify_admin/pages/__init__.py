"""Floor: what every HTML page is made of."""
