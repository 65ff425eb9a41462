"""The tools of the assistant.

Tenant, conversation, phone and contract come from the server. The model only requests an action;
the code here decides whether it is allowed.
"""
