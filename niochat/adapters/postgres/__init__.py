"""PostgreSQL: the truth. The only place that knows ``asyncpg`` and SQL."""
