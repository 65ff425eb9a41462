"""What desk-perf and desk-screens share: a running demo stack, its customers, and a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright

CHECKOUT = Path(__file__).resolve().parents[1]
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
WAIT_MS = 60_000
Value = TypeVar("Value")


class DemoStack:
    """The stack that ``scripts/run`` has started, with its demo providers."""

    def __init__(self) -> None:
        home = Path(os.environ.get("NIOCHAT_HOME", CHECKOUT / ".niochat"))
        try:
            environment = json.loads((home / "env.json").read_text())
        except FileNotFoundError:
            sys.exit(f"nothing runs in {home}: start scripts/run first, or set NIOCHAT_HOME")
        command = Path(sys.executable).with_name("niochat")
        printed = subprocess.run(
            [command, "demo", "--json"], capture_output=True, check=True, text=True
        )
        demo = json.loads(printed.stdout)
        (self._tenant,) = [each for each in demo["tenants"] if each["slug"] == "demo"]
        self.url: str = environment["NIOCHAT_BASE_URL"]
        self.subscribers: list[dict[str, Any]] = demo["subscribers"]
        self._token: str = environment["NIOCHAT_SANDBOX_TOKEN"]
        self._sandbox = httpx.Client(
            base_url=f"{environment['NIOCHAT_SANDBOX_URL']}/sandbox", trust_env=False, timeout=60
        )

    def credentials(self, role: str) -> dict[str, str]:
        """``login`` and ``password`` of the demo provider's user."""
        (user,) = [each for each in self._tenant["users"] if each["role"] == role]
        return {"login": user["login"], "password": user["password"]}

    def api(self, role: str) -> httpx.Client:
        """The API with a token of the user."""
        client = httpx.Client(base_url=f"{self.url}/api/v1", trust_env=False, timeout=60)
        told = client.post("/auth/login", json=self.credentials(role)).raise_for_status()
        client.headers["authorization"] = f"Bearer {told.json()['access_token']}"
        return client

    def say(self, phone: str, text: str, **more: object) -> None:
        """A customer writes to the demo provider."""
        path = f"/instances/{self._token}/customers/{phone.lstrip('+')}/messages"
        self._sandbox.post(path, json={"text": text, **more}).raise_for_status()

    def heard(self, phone: str) -> list[dict[str, Any]]:
        """What arrived on the customer's phone."""
        path = f"/instances/{self._token}/customers/{phone.lstrip('+')}/messages"
        items = self._sandbox.get(path).raise_for_status().json()["items"]
        return [each for each in items if each["direction"] == "received"]

    def conversation(self, api: httpx.Client, phone: str) -> dict[str, Any]:
        """The newest conversation of the phone, once there is one."""

        def found() -> dict[str, Any] | None:
            listed = api.get("/conversations", params={"limit": 200}).raise_for_status()
            rows = listed.json()["items"]
            return next((each for each in rows if digits(each["phone"]) == digits(phone)), None)

        return wait_until(found)

    def sign_in(
        self, browser: Browser, role: str, *, theme: str = "light", size: tuple[int, int]
    ) -> BrowserContext:
        """A browser context with a session of the user."""
        viewport: ViewportSize = {"width": size[0], "height": size[1]}
        context = browser.new_context(
            base_url=self.url,
            viewport=viewport,
            color_scheme="dark" if theme == "dark" else "light",
            locale="pt-BR",
            timezone_id="America/Recife",
            reduced_motion="reduce",
            service_workers="block",
            # What we wait for in the page is evaluated there.
            bypass_csp=True,
        )
        context.set_default_timeout(WAIT_MS)
        body = {**self.credentials(role), "use_cookies": True}
        told = context.request.post("/api/v1/auth/login", data=body)
        if not told.ok:
            sys.exit(f"the demo user cannot sign in: {told.text()}")
        return context


def digits(phone: str | None) -> str:
    return (phone or "").lstrip("+")


def wait_until(probe: Callable[[], Value | None], within_s: float = 60) -> Value:
    """The first value of ``probe``; ends the program after ``within_s``."""
    deadline = time.monotonic() + within_s
    while not (value := probe()):
        if time.monotonic() > deadline:
            sys.exit(f"not within {within_s:g} s: {probe}")
        time.sleep(0.1)
    return value


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without windows."""
    executable = shutil.which("chromium")
    if executable is None:
        sys.exit("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
