"""A crowd that writes, and the gateway and the model that answer it: the outside world as a load.

One process and as little work as possible, because it shares the machine with what it measures:
sockets without a framework, bodies that are made once. `python -m niochat_sandbox.load_generator`
serves it; what it does is told by `POST /sandbox/run` (`job.py`).
"""
