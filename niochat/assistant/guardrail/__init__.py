"""Checks of the model's reply before it is sent."""
