"""Values of a tenant: its tier and throttling, its ERP's values, facts and change requests."""
