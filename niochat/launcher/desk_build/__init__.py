"""Builds the desk from ``frontend`` with npm, and runs its development server."""
