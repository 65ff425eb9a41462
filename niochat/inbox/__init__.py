"""The inbox stores inbound events and commands once, under the right thread, before an answer."""
