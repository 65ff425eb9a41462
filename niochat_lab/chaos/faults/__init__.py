"""The faults, by the part they are done to."""
