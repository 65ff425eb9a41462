"""The API keys of a project and the tokens that they stand for."""

import json
import os
import secrets
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import jwt

PUBLISHABLE_PREFIX = "sb_publishable_"
SECRET_PREFIX = "sb_secret_"
_LEGACY_LIFE_S = 10 * 365 * 86400
_INTERNAL_KID = "gateway"


@dataclass(frozen=True)
class ProjectKeys:
    """Keys of one project; ``jwt_secret`` signs the legacy keys and the gateway's own tokens."""

    publishable_key: str
    secret_key: str
    jwt_secret: str
    anon_key: str
    service_role_key: str

    @classmethod
    def load_or_create(cls, file: Path) -> Self:
        """The keys in ``file``, or new ones, which are stored there for its owner only."""
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            keys = cls.generate()
            _write_private(file, json.dumps(asdict(keys), indent=2) + "\n")
            return keys

    @classmethod
    def generate(cls) -> Self:
        """New keys by chance."""
        jwt_secret = secrets.token_urlsafe(48)
        return cls(
            f"{PUBLISHABLE_PREFIX}{secrets.token_urlsafe(16)}_{secrets.token_hex(4)}",
            f"{SECRET_PREFIX}{secrets.token_urlsafe(16)}_{secrets.token_hex(4)}",
            jwt_secret,
            _legacy_key(jwt_secret, "anon"),
            _legacy_key(jwt_secret, "service_role"),
        )

    def role_of(self, api_key: str) -> str | None:
        """The database role that an API key stands for; None if it is no key of this project."""
        roles = {
            self.publishable_key: "anon",
            self.anon_key: "anon",
            self.secret_key: "service_role",
            self.service_role_key: "service_role",
        }
        return roles.get(api_key)

    def internal_token(self, claims: Mapping[str, Any]) -> str:
        """A token for PostgREST with these claims, which the gateway has checked already."""
        return jwt.encode(
            dict(claims), self.jwt_secret, algorithm="HS256", headers={"kid": _INTERNAL_KID}
        )

    def internal_jwks(self) -> str:
        """The keys that PostgREST knows: only that of the gateway, as JSON."""
        key = jwt.algorithms.HMACAlgorithm.to_jwk(self.jwt_secret.encode(), as_dict=True)
        return json.dumps({"keys": [{**key, "alg": "HS256", "kid": _INTERNAL_KID}]})


def _legacy_key(secret: str, role: str) -> str:
    now = int(time.time())
    claims = {"iss": "supabase", "ref": "sandbox", "role": role, "iat": now}
    return jwt.encode({**claims, "exp": now + _LEGACY_LIFE_S}, secret, algorithm="HS256")


def _write_private(file: Path, text: str) -> None:
    """Write atomically, so that a process that dies here leaves no half a file."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(name, file)
