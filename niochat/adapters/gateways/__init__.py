"""WhatsApp gateways: what they tell us, and how we send through them."""
