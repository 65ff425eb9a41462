"""Files of messages: stored outside the database, and checked before they are trusted."""
