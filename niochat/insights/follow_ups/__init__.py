"""Finds customers who showed interest and went quiet, and orders messages to them."""
