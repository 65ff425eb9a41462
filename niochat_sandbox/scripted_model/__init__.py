"""The scripted model, an OpenAI-compatible endpoint that answers by fixed rules."""
