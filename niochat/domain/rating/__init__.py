"""Ratings: what a customer's answer to the request for one means."""
