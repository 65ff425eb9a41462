"""Follow-ups: messages to customers who showed interest in a plan and went quiet."""
