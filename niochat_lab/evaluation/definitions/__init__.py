"""The declarations of scenarios and personas, and their files."""
