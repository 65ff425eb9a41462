"""``niochat superuser``, ``unlock``, ``audit verify`` and ``keys rotate``; the users of the
demo.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from niochat.adapters import clock
from niochat.audit.audit_chain import AuditVerification
from niochat.cli import command_context
from niochat.cli.json_output import print_json
from niochat.composition.components import Components
from niochat.composition.identity_services import (
    IdentityServices,
    build_audit_heads,
    build_identity_services,
)
from niochat.composition.sealed_columns import SEALED_COLUMNS
from niochat.domain.errors import OperationRefusedError
from niochat.domain.permissions import BuiltInRole
from niochat.identity.demo_users import (
    DEMO_ROLE_NAMES,
    DEMO_TENANTS,
    demo_login,
    find_demo_obstacle,
)
from niochat.identity.login.passwords import PasswordService
from niochat.identity.one_time_links import LinkPurpose
from niochat.identity.users import NewUser
from niochat.ports.audit import AuditActor, AuditActorKind
from niochat.vault.key_rotation import KeyRotationResult, KeyRotator

_console = Console()
audit_app = typer.Typer(help="The audit log.", no_args_is_help=True)
keys_app = typer.Typer(help="The keys that seal secrets.", no_args_is_help=True)


def create_superuser(
    login: Annotated[str, typer.Argument(help="E-mail address.")],
    name: Annotated[str, typer.Option(help="The display name.")] = "Superuser",
) -> None:
    """Create a superuser and print a link to choose the password."""

    async def work() -> str:
        async with command_context.connect_components() as parts:
            identity = identity_services_for(parts)
            user_id = await identity.users.create_initial(
                None, NewUser(login, name, BuiltInRole.SUPERUSER), None
            )
            if user_id is None:
                raise OperationRefusedError("that login is taken: use another e-mail address")
            return await identity.one_time_links.create(
                user_id, LinkPurpose.INVITATION, clock.now()
            )

    link = command_context.run_async(work)
    _console.print(f"Choose the password within seven days: {escape(link)}", soft_wrap=True)


def unlock_login(login: Annotated[str, typer.Argument(help="E-mail address.")]) -> None:
    """Reset the failed sign-in attempts of an account."""

    async def work() -> None:
        async with command_context.connect_components() as parts:
            await identity_services_for(parts).login_throttle.unlock_account(
                login, AuditActor(AuditActorKind.OPERATOR, "operator")
            )

    command_context.run_async(work)
    _console.print(f"{escape(login)} may sign in at once, from anywhere.", soft_wrap=True)


@audit_app.command("verify")
def verify_audit(
    head: Annotated[
        Path | None,
        typer.Option(
            "--head",
            help="A copy of the head; default: the stored head.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Verify the chain of the audit log. Exit 1 if a row was altered, added or removed, or if the
    end of the chain is missing.
    """

    async def work() -> AuditVerification:
        async with command_context.connect_components() as parts:
            heads = build_audit_heads(parts.settings, parts.vault)
            known_head = await heads.read() if head is None else heads.parse(head.read_bytes())
            return await identity_services_for(parts).audit_log.verify(known_head)

    verdict = command_context.run_async(work)
    if as_json:
        print_json(asdict(verdict))
    elif verdict.broken is None:
        _console.print(
            f"{verdict.rows} rows in {verdict.links} links are as they were written;"
            f" {verdict.unsealed} are not sealed yet. Head: {verdict.head}",
            soft_wrap=True,
        )
        if verdict.kept_from is not None:
            _console.print(
                f"[yellow]Months before {verdict.kept_from} were dropped[/yellow] on purpose: their"
                " rows, and those in the same link, are not verified."
            )
        if verdict.head_links is None:
            _console.print("[yellow]No head is kept[/yellow]: links that were cut off do not show.")
    else:
        _console.print(
            f"[red]Link {verdict.broken} does not fit[/red]: a row was altered, added or taken away"
            f" behind row {verdict.rows}, or the end of the chain was cut off.",
            soft_wrap=True,
        )
    if verdict.broken is not None:
        raise typer.Exit(1)


@keys_app.command("rotate")
def rotate_keys(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Seal every stored secret again with the first key of NIOCHAT_VAULT_KEYS. The stack can keep
    running. Exit 1 if a secret cannot be opened: add the missing key again.
    """

    async def work() -> list[KeyRotationResult]:
        async with command_context.connect_components() as parts:
            return await KeyRotator(parts.database, parts.vault, SEALED_COLUMNS).run()

    counts = command_context.run_async(work)
    if as_json:
        print_json([asdict(count) for count in counts])
    else:
        table = Table("secret", "sealed anew", "current already", "cannot be opened")
        for count in counts:
            table.add_row(count.what, str(count.resealed), str(count.current), str(count.damaged))
        _console.print(table)
        for why in dict.fromkeys(count.why for count in counts if count.damaged):
            _console.print(f"[red]!![/red] {escape(why)}", highlight=False, soft_wrap=True)
    if any(count.damaged for count in counts):
        raise typer.Exit(1)


def identity_services_for(parts: Components) -> IdentityServices:
    """Return the identity services of a command."""
    settings = parts.settings
    return build_identity_services(
        parts.database, parts.vault, settings.base_url, settings.mail_from
    )


async def create_demo_users(parts: Components, password: str) -> None:
    """Create a user of each role in each demo tenant, and a superuser, unless they exist. Raises
    ``OperationRefusedError`` where other machines could use them.
    """
    obstacle = find_demo_obstacle(parts.settings)
    if obstacle is not None:
        raise OperationRefusedError(
            f"the demo's users are for a machine that nobody else reaches, but {obstacle}: start "
            "with --no-sandbox, and create a user with niochat superuser",
            code="demo_reachable",
        )
    users = identity_services_for(parts).users
    hashed = await PasswordService().hash_password(password)
    await users.create_initial(
        None, NewUser(demo_login("root", None), "Raiz", BuiltInRole.SUPERUSER), hashed
    )
    for tenant in await parts.directory.list_tenants():
        if tenant.slug in DEMO_TENANTS:
            for role, name in DEMO_ROLE_NAMES.items():
                new = NewUser(demo_login(role, tenant.slug), name, role, ("atendimento",))
                await users.create_initial(tenant.tenant_id, new, hashed)


def demo_logins_for(tenant: str | None, password: str | None) -> list[dict[str, Any]]:
    """Return ``login``, ``password`` and ``role`` of the users of a demo tenant; for None, of the
    superuser. Empty without a demo.
    """
    if password is None or tenant not in (None, *DEMO_TENANTS):
        return []
    roles = DEMO_ROLE_NAMES if tenant is not None else {BuiltInRole.SUPERUSER: ""}
    return [
        {
            "login": demo_login(role, tenant),
            "password": password,
            "role": str(role),
        }
        for role in roles
    ]
