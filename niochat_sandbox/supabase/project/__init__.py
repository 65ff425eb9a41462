"""What belongs to one project: its database, its keys and the tokens that it accepts."""
