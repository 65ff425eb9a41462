"""The simulated SGP, a provider's ERP."""
