"""The API for operators below ``/api/operators``: what runs where, and a few ways to act on it."""
