"""Responders that answer as the model in place of an endpoint: a person, a program, a recording."""
