"""Pools: Ray actors that run assistant turns and ERP calls, and the clients that call them."""
