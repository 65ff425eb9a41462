"""Tests of the provider's subscribers as agents see them."""
