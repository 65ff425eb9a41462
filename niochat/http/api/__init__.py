"""What the FastAPI applications (REST and operators) share."""
