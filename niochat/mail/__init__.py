"""Mail that the product sends."""
