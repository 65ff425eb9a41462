"""What became of the messages that the product sent."""
