"""The composition root: what is built from what. The assistant's part stands apart, because
only its pool has to carry the model client in memory.
"""
