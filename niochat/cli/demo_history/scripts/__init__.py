"""What customers, the assistant and agents write in the demo's history."""
