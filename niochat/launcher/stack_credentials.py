"""The secrets of a stack, generated once and stored in a file that only its owner can read."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import asdict, dataclass, fields
from typing import Self

from niochat.launcher.demo_password import new_demo_password
from niochat.launcher.home_folder import HomeFolder, read_json, write_json
from niochat.launcher.stack_errors import StackError

KEY_BYTES = 32


@dataclass(frozen=True, repr=False)
class StackCredentials:
    """Every secret of a stack. Without the vault key, the data it encrypted is lost."""

    postgres_superuser: str
    postgres_owner: str
    postgres_serving: str
    redis: str
    vault_key: str
    sandbox_token: str
    ray_token: str
    operator_token: str
    neighbour_token: str
    demo_password: str

    @classmethod
    def load_or_create(cls, home: HomeFolder) -> Self:
        """Load the secrets of `home`; missing ones are generated and stored. Raises
        `StackError`.
        """
        file = home.folder / "secrets.json"
        stored = read_json(file)
        names = [field.name for field in fields(cls)]
        values = {name: str(stored.get(name) or _new_secret(name)) for name in names}
        if not _is_key(values["vault_key"]):
            raise StackError(
                f"The vault_key in {file} is not the base64 of {KEY_BYTES} bytes: restore that "
                "file, because no other key can decrypt the stored data."
            )
        if values != stored:
            write_json(file, stored | values)
        return cls(**values)

    def as_dict(self) -> dict[str, str]:
        """The secrets by name, for a caller that passes them on."""
        return asdict(self)


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _new_secret(name: str) -> str:
    if name == "demo_password":
        return new_demo_password()
    if name == "vault_key":
        return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    # Hexadecimal needs no quoting in a URL or a configuration file.
    return secrets.token_hex(24)
