"""`niochat bench`: the product under load, and beside it the limit of the same machine."""
