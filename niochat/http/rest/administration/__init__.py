"""Routes for administrators: tenants, channels, settings, audit log, refused texts."""
