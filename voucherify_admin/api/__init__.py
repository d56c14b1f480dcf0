"""Floor: what every API call goes through."""
