"""Schema and loader of the YAML file that declares providers."""
