"""Weak settings are named, each with what to do, and strong ones are not."""

import base64
from typing import Any

import pytest

from niochat.cli.doctor.doctor_checks import format_automatic_replies
from niochat.cli.doctor.security_checks import find_security_problems
from niochat.config import Settings

KEY = base64.b64encode(bytes(range(32))).decode()
STRONG = {
    "DATABASE_URL": "postgresql://u:p@db/n",
    "REDIS_URL": "redis://:p@redis:6379/0",
    "NIOCHAT_VAULT_KEYS": f"k1:{KEY}",
    "NIOCHAT_BASE_URL": "https://desk.example.com",
    "NIOCHAT_OPERATOR_TOKEN": "7f3a9c1e5b2d8046aa10",
    "NIOCHAT_SMTP_URL": "smtps://u:p@mail.example.com",
    "NIOCHAT_FILES_URL": "s3://niochat/files",
    "NIOCHAT_AUDIT_URL": "s3://niochat-audit/production",
}


def told(unguarded: int = 0, **changes: Any) -> list[str]:
    return find_security_problems(Settings.model_validate({**STRONG, **changes}), unguarded)


def test_nothing_is_said_of_a_strong_one() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"NIOCHAT_BASE_URL": "http://desk.example.com"}, "NIOCHAT_BASE_URL"),
        ({"NIOCHAT_SMTP_URL": None}, "NIOCHAT_SMTP_URL"),
        ({"NIOCHAT_FILES_URL": None}, "NIOCHAT_FILES_URL"),
        ({"NIOCHAT_AUDIT_URL": None}, "NIOCHAT_AUDIT_URL"),
        ({"NIOCHAT_OPERATOR_TOKEN": "a" * 20}, "NIOCHAT_OPERATOR_TOKEN"),
        ({"NIOCHAT_TRUSTED_PROXIES": "0.0.0.0/0"}, "0.0.0.0/0"),
        ({"NIOCHAT_PRIVATE_NETWORKS": "10.1.2.0/24,::1/128"}, "10.1.2.0/24, ::1/128"),
        ({"NIOCHAT_SANDBOX_URL": "http://10.0.0.1:9"}, "sandbox"),
        ({"NIOCHAT_VAULT_KEYS": "k9:" + base64.b64encode(bytes(32)).decode()}, "k9"),
    ],
)
def test_each_weak_setting_is_reported(changes: dict[str, Any], named: str) -> None:
    (sentence,) = told(**changes)
    assert named in sentence


def test_superusers_without_a_second_factor_are_counted() -> None:
    (sentence,) = told(2)
    assert sentence.startswith("2 superusers")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:80"]
)
def test_a_trial_on_one_machine_may_be_in_the_clear(url: str) -> None:
    assert told(3, NIOCHAT_BASE_URL=url, NIOCHAT_SMTP_URL=None) == []


def test_a_greeting_is_told_with_its_channel_its_number_and_what_to_do() -> None:
    said = format_automatic_replies("principal", 12)
    assert "principal" in said
    assert "12 sent in seven days" in said
    assert "switch them off in WhatsApp Business" in said
