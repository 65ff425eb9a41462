"""Canned responses of agents: their store, and the variables in their texts."""
