"""The AI assistant, whose turns have only the rights of their tenant."""
