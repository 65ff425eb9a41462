"""Every shard has a home, and few of them move when hosts come and go."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from niochat.domain.ids import SHARDS
from niochat.runtime.fleet.shard_placement import place_shards

host = st.from_regex(r"host-[0-9]{1,3}", fullmatch=True)
names = st.lists(host, min_size=1, max_size=6, unique=True)


@settings(max_examples=20, deadline=None)
@given(names)
def test_all_shards_are_placed_on_the_hosts_there_are(hosts: list[str]) -> None:
    placed = place_shards(hosts)

    assert sorted(placed) == list(range(SHARDS))
    assert set(placed.values()) <= set(hosts)


@settings(max_examples=20, deadline=None)
@given(names, st.randoms())
def test_the_order_of_the_hosts_does_not_matter(hosts: list[str], random: object) -> None:
    shuffled = list(hosts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert place_shards(shuffled) == place_shards(hosts)


@settings(max_examples=20, deadline=None)
@given(names)
def test_a_host_that_leaves_moves_its_own_shards_only(hosts: list[str]) -> None:
    before, after = place_shards([*hosts, "leaving"]), place_shards(hosts)

    assert {s for s in before if before[s] != after[s]} == {
        s for s, host in before.items() if host == "leaving"
    }


def test_a_host_that_joins_takes_its_share_and_nothing_else_moves() -> None:
    three = [f"host-{n}" for n in range(3)]
    before, after = place_shards(three), place_shards([*three, "host-3"])

    moved = [shard for shard in before if before[shard] != after[shard]]
    assert {after[shard] for shard in moved} == {"host-3"}
    assert SHARDS / 4 * 0.8 < len(moved) < SHARDS / 4 * 1.2


def test_the_shares_are_alike() -> None:
    shares = Counter(place_shards([f"host-{n}" for n in range(8)]).values())

    assert len(shares) == 8
    assert max(shares.values()) < 1.4 * min(shares.values())


def test_without_hosts_nothing_is_placed() -> None:
    assert place_shards([]) == {}
