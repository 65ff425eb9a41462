"""Conversations in this process: the product's rooms on a database of their own, without Ray."""
