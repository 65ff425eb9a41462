"""SLA policies of providers: what they promise, and when an answer or a resolution is due."""
