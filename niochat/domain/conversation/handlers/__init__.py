"""Handlers of the kernel: one module for each kind of command that ``decide`` handles."""
