"""Customer service on WhatsApp for internet providers, run by actors on a Ray cluster."""
