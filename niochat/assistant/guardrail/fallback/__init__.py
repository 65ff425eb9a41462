"""Replies that the server writes itself if the model's reply was rejected."""
