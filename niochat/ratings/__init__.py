"""Ratings: what a model says of an answer, and lists and statistics of ratings."""
