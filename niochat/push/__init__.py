"""Web Push: notifications to browsers."""
