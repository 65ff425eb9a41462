"""HTTP and WebSocket endpoints, which run in Ray Serve and, in tests, without it."""
