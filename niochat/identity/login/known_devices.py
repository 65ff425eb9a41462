"""Known devices: where somebody has signed in before, strangers' guesses do not shut them out.

A device keeps a token: its id, when it was given out, and an HMAC of both and of the log-in under a
key of the vault. Nothing is stored here, and the token opens nothing.
"""

import hmac
import secrets
from datetime import UTC, datetime, timedelta

from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.ports.encryption import Encryptor

DEVICE_TOKEN_LIFETIME = timedelta(days=180)
"""From the last time that somebody signed in there."""
PURPOSE = "known device"
"""What the HMAC is for."""
_MAX_TOKEN_LENGTH = 200


class DeviceTokenService:
    """Gives tokens to devices and knows them again."""

    def __init__(self, seals: Encryptor) -> None:
        self._seals = seals

    def issue(self, login: str, now: datetime, device: str = "") -> str:
        """For a device on which the holder of ``login`` has just come in; ``device``: its id, if it
        is known already.
        """
        said = f"{device or secrets.token_hex(16)}.{int(now.timestamp())}"
        return f"{said}.{self._signatures(login, said)[0]}"

    def verify(self, login: str, token: str, now: datetime) -> str:
        """The device's id; empty for a token that is missing, forged, too old or of another."""
        said, _, mark = token.rpartition(".")
        device, _, given = said.partition(".")
        if len(token) > _MAX_TOKEN_LENGTH or not token.isascii() or not given.isdigit():
            return ""
        if not any(
            hmac.compare_digest(mark.encode(), each.encode())
            for each in self._signatures(login, said)
        ):
            return ""
        age = now - datetime.fromtimestamp(int(given), UTC)
        return device if age < DEVICE_TOKEN_LIFETIME else ""

    def _signatures(self, login: str, said: str) -> list[str]:
        """Under each key at hand, the current one first."""
        account = login.strip().lower()
        plain = f"{said}\n{account}".encode("utf-8", "replace").decode()
        return [
            mark.hex()
            for mark in self._seals.blind_indexes(
                plain, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE
            )
        ]
