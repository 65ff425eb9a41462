"""Hosts: Ray actors that hold virtual actors, and what operators can request of one host."""
