"""The AI assistant: one bounded run over a conversation, as a tenant and nothing more."""
