"""Hand a conversation over to agents: reasons, messages, summary and limits."""
