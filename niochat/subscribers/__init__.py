"""The provider's subscribers as agents see them: contracts, invoices, connection and orders."""
