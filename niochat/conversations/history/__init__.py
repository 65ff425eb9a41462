"""The history of conversations and the turns of the assistant, for screens."""
