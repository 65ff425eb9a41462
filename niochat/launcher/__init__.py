"""Starts, finds and ends one complete NioChat on one machine, without Docker."""
