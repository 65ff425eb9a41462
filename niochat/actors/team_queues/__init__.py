"""The actors of team queues, which assign waiting conversations, and their sweep."""
