"""Providers, their channels and assistants: declared in a file, applied, and looked up."""
