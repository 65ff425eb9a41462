"""Tests of the routes of subscribers."""
