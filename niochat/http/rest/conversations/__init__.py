"""Routes for conversations: messages, files, contacts and search."""
