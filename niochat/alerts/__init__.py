"""Alerts of providers: rules, their evaluation, and telling people."""
