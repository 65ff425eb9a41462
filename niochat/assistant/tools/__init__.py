"""What the assistant can do. Tenant, conversation, phone and contract come from the server;
the model says what it wants, and the code here decides whether it may.
"""
