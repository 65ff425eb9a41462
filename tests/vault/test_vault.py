"""Promises of the vault."""

import base64
import pickle
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from niochat.domain.errors import InvalidInputError, NiochatError, UnreadableDataError
from niochat.vault.vault import Vault

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
TENANT = UUID(int=1)
vault = Vault({"k1": OLD})
rotated = Vault({"k2": NEW, "k1": OLD})
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def sealed(plain: str = "s3cret-of-a-channel") -> bytes:
    return vault.seal(plain, tenant_id=TENANT, purpose="channel token")


def ring(*keys: tuple[str, bytes]) -> str:
    return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in keys)


@given(texts, st.uuids(), st.text(st.characters(codec="utf-8"), max_size=30))
def test_what_was_sealed_is_opened_for_the_same_tenant_and_purpose(
    plain: str, tenant: UUID, purpose: str
) -> None:
    box = vault.seal(plain, tenant_id=tenant, purpose=purpose)

    assert vault.open(box, tenant_id=tenant, purpose=purpose) == plain


@given(st.uuids().filter(lambda tenant: tenant != TENANT))
def test_no_other_tenant_opens_it(tenant: UUID) -> None:
    with pytest.raises(InvalidInputError, match="another provider"):
        vault.open(sealed(), tenant_id=tenant, purpose="channel token")


@given(texts.filter(lambda purpose: purpose != "channel token"))
def test_it_does_not_open_for_another_purpose(purpose: str) -> None:
    with pytest.raises(InvalidInputError):
        vault.open(sealed(), tenant_id=TENANT, purpose=purpose)


@given(st.data())
def test_no_bit_can_be_changed_unseen(data: st.DataObject) -> None:
    box = bytearray(sealed())
    position = data.draw(st.integers(0, len(box) - 1))
    box[position] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises((InvalidInputError, UnreadableDataError)):
        vault.open(bytes(box), tenant_id=TENANT, purpose="channel token")


@given(st.binary(max_size=80))
@example(b"\x01")
@example(b"\x01\x02\xff\xff" + bytes(40))
def test_rubbish_is_refused_with_an_error_of_ours(rubbish: bytes) -> None:
    with pytest.raises(NiochatError):
        vault.open(rubbish, tenant_id=TENANT, purpose="channel token")


@given(texts)
def test_the_secret_is_not_in_what_is_stored_and_two_seals_differ(plain: str) -> None:
    one, two = sealed(plain + "-secret"), sealed(plain + "-secret")

    assert one != two
    assert b"-secret" not in one


def test_after_a_rotation_old_seals_open_and_ask_to_be_renewed() -> None:
    old = sealed()
    new = rotated.seal("x", tenant_id=TENANT, purpose="channel token")

    assert rotated.open(old, tenant_id=TENANT, purpose="channel token") == "s3cret-of-a-channel"
    assert not rotated.is_current_key(old)
    assert rotated.is_current_key(new)


def test_a_missing_key_is_named_with_what_to_do() -> None:
    box = rotated.seal("x", tenant_id=TENANT, purpose="channel token")

    with pytest.raises(UnreadableDataError, match=r"key k2.*NIOCHAT_VAULT_KEYS"):
        vault.open(box, tenant_id=TENANT, purpose="channel token")


def test_a_format_of_the_future_is_not_guessed() -> None:
    with pytest.raises(UnreadableDataError, match="format 9"):
        vault.open(b"\x09" + sealed()[1:], tenant_id=TENANT, purpose="channel token")


@given(texts, texts)
def test_a_fingerprint_tells_its_secret_from_all_others(one: str, two: str) -> None:
    assert Vault.matches_fingerprint(one, Vault.fingerprint(one))
    assert Vault.matches_fingerprint(two, Vault.fingerprint(one)) is (one == two)


def test_an_offered_secret_that_is_no_unicode_is_only_wrong() -> None:
    assert not Vault.matches_fingerprint("\ud800", Vault.fingerprint("right"))


def test_a_secret_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Unicode"):
        sealed("\ud800")


def test_the_ring_of_the_environment_makes_its_first_key_the_current_one() -> None:
    made = Vault.from_key_ring(ring(("k2", NEW), ("k1", OLD)))

    assert made.open(sealed(), tenant_id=TENANT, purpose="channel token")
    assert rotated.is_current_key(made.seal("x", tenant_id=uuid4(), purpose="y"))


def test_keys_show_neither_in_the_repr_nor_in_a_pickle() -> None:
    assert repr(rotated) == "Vault(k2, k1)"
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(vault)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "entry 1 has no id"),
        ("AAAA", "entry 1 has no id"),
        (ring(("k1", OLD)) + ",", "entry 2 has no id"),
        ("k1:" + base64.b64encode(OLD[:31]).decode(), "k1 is not the base64 of 32 bytes"),
        ("k1:top-secret!", "k1 is not the base64 of 32 bytes"),
        ("k1:é", "k1 is not the base64 of 32 bytes"),
        (ring(("k1", OLD), ("k1", NEW)), "k1 occurs twice"),
        (ring(("k" * 33, OLD)), "entry 1 has no id"),
    ],
)
def test_a_wrong_ring_is_refused_with_a_reason_and_without_a_key(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason) as refusal:
        Vault.from_key_ring(text)

    assert "top-secret" not in str(refusal.value)
    assert base64.b64encode(OLD).decode() not in str(refusal.value)


def test_a_blind_index_tells_equal_values_of_one_tenant_and_purpose_and_key_only() -> None:
    vault, other = Vault({"k1": bytes(32)}), Vault({"k2": bytes([1]) * 32, "k1": bytes(32)})
    tenant, foreign = UUID(int=1), UUID(int=2)
    index = vault.blind_index("52998224725", tenant_id=tenant, purpose="document")
    assert index == vault.blind_index("52998224725", tenant_id=tenant, purpose="document")
    assert index != vault.blind_index("52998224726", tenant_id=tenant, purpose="document")
    assert index != vault.blind_index("52998224725", tenant_id=foreign, purpose="document")
    assert index != vault.blind_index("52998224725", tenant_id=tenant, purpose="other")
    assert other.blind_index("52998224725", tenant_id=tenant, purpose="document") != index
    assert other.blind_indexes("52998224725", tenant_id=tenant, purpose="document")[1] == index
