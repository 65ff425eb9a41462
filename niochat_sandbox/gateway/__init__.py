"""The simulated WhatsApp gateway (Uazapi)."""
