"""PostgreSQL, the source of truth; the only package that imports ``asyncpg``."""
