"""The baseline of ``bench actors``: a Python dict of the same states.

``python -m niochat_lab.bench.baselines.dict_states N`` prints the bytes per state. It is a process
of its own, so that nothing else adds to its memory.
"""

import sys
from uuid import UUID, uuid4

import psutil

from niochat.adapters.postgres.domain_json_codec import state_from_json, state_to_json
from niochat.conversations.step.step_types import ThreadSnapshot
from niochat.domain.conversation.state import SCHEMA_VERSION, ConversationState, ConversationStatus
from niochat.domain.ids import ConversationId, ThreadId


def main(count: int) -> float:
    """Return the bytes of memory that each of ``count`` states takes."""
    tenant, channel = uuid4(), uuid4()
    before = psutil.Process().memory_info().rss
    states: dict[UUID, ThreadSnapshot] = {}
    for number in range(count):
        key = uuid4()
        fresh = ConversationState(
            ConversationId(uuid4()), f"B{number}", ConversationStatus.WAITING, 3, team="atendimento"
        )
        # As it is after loading: it shares no strings that a loaded state would not share.
        stored = state_from_json(state_to_json(fresh), SCHEMA_VERSION)
        states[key] = ThreadSnapshot(ThreadId(key), tenant, channel, stored)
    return (psutil.Process().memory_info().rss - before) / count


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
