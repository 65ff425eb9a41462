"""The door in: what arrives is stored once, under the right thread, before it is answered."""
