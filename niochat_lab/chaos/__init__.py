"""``niochat chaos``: inject faults into a temporary stack under traffic, then audit
all messages.
"""
