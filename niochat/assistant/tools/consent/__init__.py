"""Checks of the customer's own words before a tool acts on them."""
