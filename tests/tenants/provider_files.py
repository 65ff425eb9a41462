"""Provider files for the tests."""

from pathlib import Path
from typing import Any

import yaml

from niochat.tenants.provider_file.provider_loader import load_providers
from niochat.tenants.provider_file.provider_schema import ProviderConfig

ENV = {
    "DEMO_TOKEN": "token-of-demo",
    "DEMO_KEY": "key-of-demo",
    "DEMO_HMAC": "hmac-of-demo",
    "DEMO_ERP": "token-of-erp",
}


def build_channel(**changes: Any) -> dict[str, Any]:
    return {
        "slug": "principal",
        "name": "WhatsApp principal",
        "base_url": "http://127.0.0.1:9/gateway",
        "token": "env:DEMO_TOKEN",
        **changes,
    }


def build_assistant(**changes: Any) -> dict[str, Any]:
    return {
        "endpoint": "http://127.0.0.1:9/model/v1",
        "api_key": "env:DEMO_KEY",
        "model": "sandbox",
        "persona": {"name": "Nia"},
        **changes,
    }


def build_erp(**changes: Any) -> dict[str, Any]:
    return {
        "base_url": "http://127.0.0.1:9/sgp",
        "token": "env:DEMO_ERP",
        "app": "niochat",
        **changes,
    }


def build_provider(**changes: Any) -> dict[str, Any]:
    """A provider with one channel and an assistant; a key set to ``...`` is left out."""
    whole = {
        "slug": "demo",
        "name": "Provedor Demo",
        "channels": [build_channel()],
        "assistant": build_assistant(),
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not ...}


def load_provider_file(
    folder: Path, *providers: dict[str, Any], **env: str
) -> list[ProviderConfig]:
    path = folder / "providers.yaml"
    path.write_text(yaml.safe_dump({"providers": list(providers)}, sort_keys=False))
    return load_providers(path, {**ENV, **env})
