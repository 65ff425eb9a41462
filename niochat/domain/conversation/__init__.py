"""The pure decision core of a conversation: state, commands, events, effects and ``decide``."""
