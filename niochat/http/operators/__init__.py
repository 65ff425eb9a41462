"""The operators' API below ``/api/operators``: hosts, shards, actors and conversations."""
