"""The outside world, simulated over real HTTP: WhatsApp gateway, customers' phones, model.

One process, outside Ray: ``python -m niochat_sandbox --port N``. The product talks to it as
to the real services and cannot tell; nothing here imports the product.
"""
