"""Alert rules of providers: what they measure, and when an alert begins and ends."""
