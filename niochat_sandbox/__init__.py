"""The outside world, simulated over real HTTP: WhatsApp gateway, phones, ERP, model and mail
server.

The sandbox is one process outside of Ray: ``python -m niochat_sandbox --port N``. The product talks
to it as to the real services and cannot tell the difference. No module here imports the product.
"""
