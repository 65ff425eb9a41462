"""SLA policies and their clocks, without a database."""
