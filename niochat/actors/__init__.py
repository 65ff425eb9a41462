"""Virtual actors of NioChat: conversations, tenants and team queues, and the services that run
them on a host.
"""
