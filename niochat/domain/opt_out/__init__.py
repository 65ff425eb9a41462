"""Opt-outs: customers who do not want messages that the provider begins."""
