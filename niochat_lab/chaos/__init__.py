"""``niochat chaos``: customers write while parts of a throw-away stack break, then an audit."""
