"""The load generator: it posts webhooks at a rate, and answers as gateway and model.

It is one process that does as little work as possible, because it shares the machine with the
measured processes: sockets without a framework, and request bodies that are built once. ``python -m
niochat_sandbox.load_generator`` serves it; ``POST /sandbox/run`` starts a job
(:mod:`~niochat_sandbox.load_generator.load_job`).
"""
