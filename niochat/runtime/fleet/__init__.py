"""How many hosts run, which one starts or stops next, and which shards each one has. Pure."""
