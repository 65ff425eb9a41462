"""The door out: what was said leaves once, in order, while it still may."""
