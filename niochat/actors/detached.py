"""Actors of ours that outlive whoever made them: made, or found, by their names, and ended."""

from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from niochat.actors.cluster_nodes import Part, actor_options
from niochat.actors.gateway import NAMESPACE


def detached(kind: type[Any], name: str, part: Part, node: str | None, release: str | None) -> Any:
    """The handle of the actor of that name; made if it is missing, on ``node`` if that is there.
    ``release`` is what the operator calls the code, if anything. Blocking: not on an event loop.
    """
    # No concurrency groups: Ray gives each one an event loop and a thread of its own, and what
    # one loop opened (connections, locks) the other must not touch.
    actor: Any = ray.remote(kind)
    return actor.options(
        name=name,
        namespace=NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        max_restarts=-1,
        max_task_retries=0,  # rows are swept; Ray's own repeats would only disturb
        max_concurrency=10_000,
        enable_task_events=False,
        scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=True) if node else "SPREAD",
        runtime_env={"env_vars": {"NIOCHAT_RELEASE": release}} if release else None,
        **actor_options(part, 0.1),
    ).remote(name)


def end(name: str) -> None:
    """End an actor for good, also one that is just starting or restarted. Blocking. Raises
    ``RayError`` while the cluster's server is away.
    """
    try:
        actor = ray.get_actor(name, namespace=NAMESPACE)
    except ValueError:
        return  # there is none
    ray.kill(actor, no_restart=True)
