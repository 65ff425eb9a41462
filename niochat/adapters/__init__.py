"""The outside world: one package for each driver, which translates foreign errors into ours."""
