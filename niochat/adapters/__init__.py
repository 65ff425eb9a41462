"""The world outside: one package a driver, foreign errors translated at the border."""
