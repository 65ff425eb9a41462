"""PostgREST as a child process, and the proxy in front of it that knows keys and tokens."""
