"""Who carries shards when an operator drains hosts."""

from niochat.cluster.shard_map import eligible_hosts

LIVE = {"host-0": "host-0.a", "host-1": "host-1.b"}


def test_a_draining_host_carries_nothing() -> None:
    assert eligible_hosts(LIVE, {"host-0.a"}) == ["host-1"]


def test_a_draining_process_of_the_past_does_not_count() -> None:
    assert eligible_hosts(LIVE, {"host-0.z"}) == ["host-0", "host-1"]


def test_hosts_carry_shards_all_the_same_when_every_one_is_draining() -> None:
    assert eligible_hosts(LIVE, set(LIVE.values())) == ["host-0", "host-1"]
