"""The step: loads a thread's pending commands, decides them and commits the result."""
