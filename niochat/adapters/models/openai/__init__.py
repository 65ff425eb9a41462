"""Client of any model with an OpenAI-compatible API, with the quirks of its endpoint."""
