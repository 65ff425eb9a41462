"""What people see of the mirror: its state, a check of the project, and tokens to read it."""
