"""The months of the audit log on the command line."""
