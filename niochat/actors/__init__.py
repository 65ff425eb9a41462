"""Our actors, and the only doorway to Ray besides the ingress and the command line."""
