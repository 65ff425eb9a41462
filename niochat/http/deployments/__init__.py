"""The Serve applications behind HAProxy, a module each: a replica loads only what it serves."""
