"""The audit log: its hash chain, and the head of the chain outside the database."""
