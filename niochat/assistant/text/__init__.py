"""Text functions of the assistant: normalization, quantities, masking and formatting."""
