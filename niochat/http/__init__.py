"""The doors: HTTP in, errors out as problems. Served by Ray Serve, testable without it."""
