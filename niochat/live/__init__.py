"""Push to screens: the log of events, read by position, to whoever may see each of them."""
