"""Which processes run where: hosts, pools, the supervisor, and the clients that call them."""
