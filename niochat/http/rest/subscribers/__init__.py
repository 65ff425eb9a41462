"""Routes of the provider's subscribers: contracts, invoices, connection, service orders."""
