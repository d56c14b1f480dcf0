"""Floor: turning a filtered list into a file."""
