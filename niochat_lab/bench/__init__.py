"""``niochat bench``: measure the product under load, and a baseline on the same machine."""
