"""Pure decisions on how many hosts run, which starts or stops next, and who has which shards."""
