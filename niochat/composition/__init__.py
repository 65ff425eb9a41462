"""The composition root: the only place that constructs adapters.

The assistant has a module of its own, because only its pool has to load the model client.
"""
