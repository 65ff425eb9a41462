"""Shares of a process: fair queues, limits and rates between tenants."""
