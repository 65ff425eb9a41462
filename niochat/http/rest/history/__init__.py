"""Routes for the history of a conversation and for the turns of the assistant."""
