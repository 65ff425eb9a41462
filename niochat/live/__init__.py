"""Live updates: pushes events of the log and ephemeral frames to the screens that may see them."""
