"""Where other machines could use the demo's users, none are created, and nothing is started."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from niochat.cli.commands.admin_commands import create_demo_users
from niochat.cli.commands.stack_commands import check_demo_allowed
from niochat.composition.components import Components
from niochat.config import Settings
from niochat.domain.errors import OperationRefusedError
from tests.cli.doctor.test_security_checks import STRONG

LOCAL = {"NIOCHAT_BASE_URL": "http://127.0.0.1:8000"}
PASSWORD = {"NIOCHAT_DEMO_PASSWORD": "rio-casa-lua-4821"}


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({**STRONG, **changes})


@pytest.mark.asyncio
async def test_no_user_of_the_demo_is_created_where_others_can_sign_in() -> None:
    parts = SimpleNamespace(settings=settings())  # a database is never asked

    with pytest.raises(OperationRefusedError, match=r"desk\.example\.com.*--no-sandbox"):
        await create_demo_users(cast(Components, parts), "rio-casa-lua-4821")


def test_a_start_with_the_sandbox_is_refused_on_a_database_that_others_reach() -> None:
    shared = settings(DATABASE_URL="postgresql://u:p@db.example.com/niochat", **LOCAL)
    own = settings(DATABASE_URL="postgresql://u:p@127.0.0.1/niochat", **LOCAL)

    with pytest.raises(OperationRefusedError, match=r"db\.example\.com.*--no-sandbox"):
        check_demo_allowed(shared, PASSWORD)
    check_demo_allowed(shared, {})  # without the sandbox
    check_demo_allowed(own, PASSWORD)
