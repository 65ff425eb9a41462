"""Plays the conversations of the demo's history with a simulated clock."""
