"""Assignment: agent presence, and the assignment of waiting conversations to agents."""
