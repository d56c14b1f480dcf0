"""Floor: telling the staff."""
