"""The texts of a model request: system prompt, provider facts, state note and transcript."""
