"""Who is there, and what a team's queue gives to whom."""
