"""Computes when answers of SLA policies are due, and reports warnings and breaches."""
