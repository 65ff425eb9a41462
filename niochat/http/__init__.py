"""HTTP and WebSocket endpoints. Ray Serve runs them; tests run them without it."""
