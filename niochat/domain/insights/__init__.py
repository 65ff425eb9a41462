"""What is measured about conversations, computed from their events alone."""
