"""What the answer to a write proves: done, certainly not done, or not known.

A write cannot be repeated (SGP reference 3.2), so whatever proves neither is ``erp_malformed``
with ``left``: the caller reads the ERP again before anything else.
"""

from collections.abc import Mapping

from niochat.adapters.sgp.body import parsed
from niochat.adapters.sgp.fields import day_of, first_of, first_text, flag_of, object_of, whole_of
from niochat.adapters.sgp.judge import (
    failure,
    judge_status,
    protocol_of,
    refusal,
    refuses_access,
    said_of,
)
from niochat.adapters.sgp.wire import Reply
from niochat.domain.erp import ErpError, ErpWrite, ErpWriteReceipt, RegisterLead, Unlock

_EXPLAINED = frozenset({400, 402, 409, 422})
"""A pre-registration refuses in words under these; 402 is a CPF that is a client already."""

Row = Mapping[str, object]


def outcome(request: ErpWrite, reply: Reply) -> ErpWriteReceipt:
    """What was done. Raises ``ErpRefusedError`` when certainly nothing, ``ErpError`` otherwise."""
    if reply.status in _EXPLAINED:
        _raise_refusal(reply)
    if (error := judge_status(reply.route, reply.status)) is not None:
        raise error
    return outcome_of(request, reply.route, parsed(reply))


def outcome_of(request: ErpWrite, route: str, value: object) -> ErpWriteReceipt:
    """The outcome of an answer that is already plain lists and objects."""
    answer, number = object_of(value), _number(request, object_of(value))
    done = _unlocked(answer) if isinstance(request, Unlock) else _accepted(answer, number)
    if done is True:
        return ErpWriteReceipt(number, until=day_of(answer.get("data_promessa")))
    if refuses_access(answer) and not number:
        raise failure("erp_unauthorized", route, "refuses the token")
    if done is None:
        raise failure("erp_malformed", route, "does not say whether it was done")
    raise refusal(answer)


def _raise_refusal(reply: Reply) -> None:
    try:
        answer = object_of(parsed(reply))
    except ErpError:
        return  # no words: the status alone is judged
    if refuses_access(answer):
        raise failure("erp_unauthorized", reply.route, "refuses the token")
    if said_of(answer):
        raise refusal(answer)


def _unlocked(answer: Row) -> bool | None:
    """``liberado`` decides; a status that contradicts it proves nothing."""
    freed, status = flag_of(answer.get("liberado")), _status(answer)
    if freed:
        return True if status != 0 else None
    if freed is False:
        return False
    return False if status == 0 and said_of(answer) and not protocol_of(answer) else None


def _accepted(answer: Row, number: str) -> bool | None:
    """A number or a success sign proves it, words with status 0 its refusal, both nothing."""
    if _status(answer) == 0:
        return False if said_of(answer) and not number else None
    return True if _status(answer) == 1 or number else None


def _status(answer: Row) -> int | None:
    """The status, or what stands in for it."""
    told = whole_of(answer.get("status"))
    if told is None and (flag := flag_of(first_of(answer, "success", "sucesso"))) is not None:
        return int(flag)
    if told is None and first_text(answer, "error", "erro"):
        return 0
    return told


def _number(request: ErpWrite, answer: Row) -> str:
    """What the ERP calls the thing it made; of a lead it is the new record's id."""
    ids = ("precadastro_id", "cliente_id", "clienteId", "id")
    lead = first_text(answer, *ids, longest=60) if isinstance(request, RegisterLead) else ""
    return protocol_of(answer) or lead
