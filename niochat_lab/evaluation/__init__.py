"""Scripted conversations with a model, on the running stack, and what is checked of them."""
