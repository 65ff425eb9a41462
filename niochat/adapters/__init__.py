"""Adapters to other systems: one package for each driver, which translates errors into ours."""
