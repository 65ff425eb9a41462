"""Tools for invoices, payments and the trust unlock."""
