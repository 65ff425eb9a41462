"""Tokens of known devices, on which failed attempts of others do not delay the account's holder.

A token holds the device id, the time of issue, and an HMAC of both and the login under a vault key.
The server stores nothing, and the token does not authenticate anybody.
"""

import hmac
import secrets
from datetime import UTC, datetime, timedelta

from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.ports.encryption import Encryptor

DEVICE_TOKEN_LIFETIME = timedelta(days=180)
"""Lifetime of a token since the last sign-in on the device."""
PURPOSE = "known device"
"""Purpose of the HMAC key."""
_MAX_TOKEN_LENGTH = 200


class KnownDeviceService:
    """Issues and verifies device tokens."""

    def __init__(self, encryptor: Encryptor) -> None:
        self._encryptor = encryptor

    def issue(self, login: str, now: datetime, device: str = "") -> str:
        """Return a token for a device on which the holder of ``login`` has just signed in.

        ``device`` is the id of a device that is already known; empty for a new one.
        """
        payload = f"{device or secrets.token_hex(16)}.{int(now.timestamp())}"
        return f"{payload}.{self._signatures(login, payload)[0]}"

    def verify(self, login: str, token: str, now: datetime) -> str:
        """Return the device id; empty if the token is missing, forged, expired or of
        another login.
        """
        payload, _, signature = token.rpartition(".")
        device, _, issued_at = payload.partition(".")
        if len(token) > _MAX_TOKEN_LENGTH or not token.isascii() or not issued_at.isdigit():
            return ""
        if not any(
            hmac.compare_digest(signature.encode(), each.encode())
            for each in self._signatures(login, payload)
        ):
            return ""
        age = now - datetime.fromtimestamp(int(issued_at), UTC)
        return device if age < DEVICE_TOKEN_LIFETIME else ""

    def _signatures(self, login: str, payload: str) -> list[str]:
        """HMACs in hex under each available vault key, the current key first."""
        account = login.strip().lower()
        plain = f"{payload}\n{account}".encode("utf-8", "replace").decode()
        return [
            mark.hex()
            for mark in self._encryptor.blind_indexes(
                plain, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE
            )
        ]
