"""Opt-outs, without a database."""
