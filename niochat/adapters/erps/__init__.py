"""ERP connectors, one package for each vendor, and the registry that finds them by kind."""
