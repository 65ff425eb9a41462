"""The heart's room: pending rows of a thread, one decision after the other, one commit."""
