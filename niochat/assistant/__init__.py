"""The AI assistant. A turn is one bounded run over a conversation and has only the rights of its
tenant.
"""
