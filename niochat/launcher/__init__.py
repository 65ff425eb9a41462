"""One whole NioChat on one machine, without Docker: started, found again, and ended."""
