"""Ray and Ray Serve of a stack: flags, cluster, deployment and the HAProxy wrapper."""
