"""Who signs in: users, their time zone, the four roles."""
