"""Tools for the connection, maintenance and service orders."""
