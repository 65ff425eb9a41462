"""The outbox sends each queued message once and in order, unless it was cancelled."""
