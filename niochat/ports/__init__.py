"""Ports: the protocols and values through which the domain's services reach the outside world."""
