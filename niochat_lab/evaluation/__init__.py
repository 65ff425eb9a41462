"""Evaluations: run scripted conversations with a model, and check what the assistant did."""
