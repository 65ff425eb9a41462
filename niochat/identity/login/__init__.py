"""Signing in: passwords, second factor, known devices, throttling and alerts."""
