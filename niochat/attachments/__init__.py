"""Files of messages: kept outside of the database, looked at before they are trusted."""
