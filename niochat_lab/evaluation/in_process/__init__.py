"""Evaluations in one process: the product's services on a temporary database, without Ray."""
