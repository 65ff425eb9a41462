"""What ``niochat doctor`` looks at: gateway, model, ERP, and what waits for people."""

from typing import Any
from uuid import UUID

from rich.console import Console
from rich.markup import escape

from niochat.adapters.models.openai.completion_types import ModelEndpoint, ModelError
from niochat.adapters.postgres.log_position_base import needs_log_base
from niochat.adapters.postgres.queries import queries
from niochat.adapters.postgres.schema_migration import newer_schema_message
from niochat.cli import command_context
from niochat.cli.commands.admin_commands import identity_services_for
from niochat.cli.commands.apply_command import channel_addresses_for, probe_erp
from niochat.cli.doctor.audit_month_check import find_audit_month_problems
from niochat.cli.doctor.desk_check import check_desk
from niochat.cli.doctor.media_model_checks import check_media_models
from niochat.cli.doctor.mirror_problems import find_mirror_problems
from niochat.cli.doctor.projection_check import find_stopped_projections
from niochat.cli.doctor.security_checks import find_security_problems
from niochat.composition.assistant_factory import open_models
from niochat.composition.components import Components
from niochat.composition.erp_factory import open_erp
from niochat.domain.conversation.policy import MAX_MODEL_SECONDS
from niochat.domain.errors import InvalidInputError, NiochatError
from niochat.domain.tenant.throttling import TenantThrottleStatus, ThrottleReason
from niochat.erp.write_journal import ErpWriteJournal
from niochat.identity.demo_users import DemoUserGuard, find_demo_obstacle
from niochat.tenants.config_records import ChannelAddress
from niochat.tenants.throttle_status import load_throttles

_SQL = queries("database_health")
_console = Console()
REDIS_PROBLEM = (
    "Redis does not answer: start the server of REDIS_URL, or correct its address, user or password"
)
_GREETING: list[Any] = [
    {"role": "system", "content": "Você atende clientes de um provedor de internet."},
    {"role": "user", "content": "oi"},
]
_NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
_ONE_TOOL: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "listar_planos",
            "description": "Planos do provedor.",
            "parameters": _NO_ARGUMENTS,
        },
    }
]
TABLE_OWNER_PROBLEM = (
    "the log-in of DATABASE_URL owns the tables: let DATABASE_OWNER_URL be that one, DATABASE_URL "
    "another, and run niochat migrate (docs/operations.md, Log-ins of the database)"
)


async def run_checks(slug: str | None) -> bool:
    """Test one tenant or all, and print a sentence for each part. Return whether all is well."""
    well = True
    async with command_context.connect_components() as parts:
        tenants = await parts.directory.list_tenants()
        chosen = [t for t in tenants if slug in (None, t.slug)]
        if not chosen:
            raise InvalidInputError(
                f"no provider is called {slug!r}: `{command_context.format_command('demo')}` "
                f"lists them"
            )
        if slug is None:
            well &= await _check_installation(parts)
        for tenant in chosen:
            if not tenant.active:
                _print_finding(tenant.slug, "suspended: the assistant does not answer", False)
            for address in await channel_addresses_for(parts, {tenant.slug}):
                well &= await _check_channel(parts, address)
            well &= await _check_model(parts, tenant.slug, tenant.tenant_id)
            well &= await check_media_models(parts, tenant.slug, tenant.tenant_id, _print_finding)
            well &= await _check_erp(parts, tenant.slug, tenant.tenant_id)
            well &= await _check_dead_letters(parts, tenant.slug, tenant.tenant_id)
            await _report_automatic_replies(parts, tenant.slug, tenant.tenant_id)
            await _report_throttles(parts, tenant.slug, tenant.tenant_id)
    return well


async def _check_installation(parts: Components) -> bool:
    """Report settings that are weak for an installation that others can reach."""
    unguarded = await identity_services_for(parts).users.count_superusers_without_second_factor()
    problems = find_security_problems(parts.settings, unguarded)
    problems += await _find_demo_problem(parts)
    async with parts.database.as_system() as connection:
        if await connection.fetchval(_SQL["login_owns_tables"]):
            problems.append(TABLE_OWNER_PROBLEM)
    if not await parts.tenant_changes.ping():
        problems.append(REDIS_PROBLEM)
    unknown = await command_context.check_schema(parts.database)
    if unknown is not None:
        problems.append(newer_schema_message(unknown))
    problems += await find_stopped_projections(parts.database)
    problems += await find_mirror_problems(parts.database)
    problems += await find_audit_month_problems(parts.database)
    if await needs_log_base(parts.database):
        problems.append(
            "the database was restored from a dump: run niochat migrate and restart all"
        )
    for sentence in problems:
        _print_finding("installation", sentence, False)
    # Without the desk everything else works, and this machine may not reach the public address.
    _print_finding("installation", *await check_desk(parts.settings.base_url))
    return not problems


async def _find_demo_problem(parts: Components) -> list[str]:
    obstacle = find_demo_obstacle(parts.settings)
    active = await DemoUserGuard(parts.database, parts.settings).count_active() if obstacle else 0
    if not active:
        return []
    return [
        f"{active} users of the demo can sign in, and {obstacle}: restart NioChat, which disables "
        "them"
    ]


async def _check_channel(parts: Components, address: ChannelAddress) -> bool:
    channel = address.channel
    credentials = parts.credentials_for(
        channel.kind, channel.base_url, channel.token_sealed, channel.tenant_id
    )
    try:
        status = (await parts.gateway.fetch_status(credentials)).status
    except NiochatError as error:
        return _print_finding(channel.tenant_slug, f"gateway of {channel.slug}: {error}", False)
    if status != "connected":
        return _print_finding(
            channel.tenant_slug, f"gateway of {channel.slug}: {status}; scan its QR", False
        )
    return _print_finding(channel.tenant_slug, f"gateway of {channel.slug}: connected", True)


async def _check_model(parts: Components, slug: str, tenant_id: UUID) -> bool:
    """Call the model as a turn does, with a tool: an error here would affect every customer."""
    models = open_models(parts)
    try:
        settings = await parts.directory.assistant(tenant_id)
        endpoint = ModelEndpoint(
            settings.endpoint, settings.api_key, settings.model, settings.options
        )
        completion = await models.complete(
            endpoint,
            _GREETING,
            max_tokens=settings.max_tokens,
            timeout_s=MAX_MODEL_SECONDS,
            stream=settings.stream,
            tools=_ONE_TOOL,
        )
        learned = sorted(models.quirks_for(endpoint) - settings.options.quirks)
    except (ModelError, NiochatError) as error:
        return _print_finding(slug, f"assistant: {error}", False)
    finally:
        await models.close()
    if not completion.text and not completion.calls:
        why = "raise max_tokens" if completion.finish == "length" else "try another model"
        return _print_finding(
            slug, f"assistant: {settings.model} answers without a word: {why}", False
        )
    learned_text = f"; learned of its dialect: {', '.join(learned)}" if learned else ""
    return _print_finding(slug, f"assistant: {settings.model} answers{learned_text}", True)


async def _check_erp(parts: Components, slug: str, tenant_id: UUID) -> bool:
    """Probe the ERP. Tools of missing capabilities are not offered to the model."""
    if await parts.directory.erp(tenant_id) is None:
        return _print_finding(
            slug, "ERP: none; the assistant answers without contracts or invoices", True
        )
    erp = open_erp(parts)
    try:
        sentence, well = await probe_erp(parts, erp, tenant_id)
    finally:
        await erp.close()
    unknown = await ErpWriteJournal(parts.database).list_unsettled(tenant_id)
    if unknown:
        _print_finding(
            slug, f"ERP: {len(unknown)} writes without a known outcome: look there first", False
        )
    return _print_finding(slug, f"ERP: {sentence}", well) and not unknown


async def _check_dead_letters(parts: Components, slug: str, tenant_id: UUID) -> bool:
    parked, uncertain = await parts.views.count_problems(tenant_id)
    if parked:
        _print_finding(
            slug,
            f"{parked} webhooks could not be processed: see "
            f"`{command_context.format_command('show')}`",
            False,
        )
    if uncertain:
        _print_finding(slug, f"{uncertain} messages may or may not have left", False)
    return not (parked or uncertain)


async def _report_automatic_replies(parts: Components, slug: str, tenant_id: UUID) -> None:
    """Report automatic messages of the phone. They are a setting of the provider, not an error."""
    for channel, messages in (await parts.views.count_automatic_messages(tenant_id)).items():
        _print_finding(slug, format_automatic_replies(channel, messages), False)


def format_automatic_replies(channel: str, messages: int) -> str:
    """Return a sentence about automatic messages, and how to disable them."""
    return (
        f"the phone of {channel} has a greeting or away message switched on: {messages} sent in "
        "seven days, beside the assistant's answers; switch them off in WhatsApp Business, "
        "Business tools"
    )


_THROTTLE_TEXTS = {
    ThrottleReason.FLOOD: "sends more webhooks than any provider may: {} refused",
    ThrottleReason.TURNS: "{} turns of the assistant wait for turns_at_once or turns_per_minute",
    ThrottleReason.MODEL_THROTTLED: "{} turns wait because the model asked for it",
    ThrottleReason.BUSY: (
        "{} turns, conversations or webhooks had to wait while the machines are busy"
    ),
    ThrottleReason.ERP: "{} calls wait for the ERP: calls_at_once, per_minute, or it rests",
    ThrottleReason.GATEWAY: "sends of {} conversations wait for the gateway",
}


async def _report_throttles(parts: Components, slug: str, tenant_id: UUID) -> None:
    """Report throttles. A limit that works is not an error."""
    for throttle in await load_throttles(parts.database, tenant_id):
        _print_finding(slug, format_throttle(throttle), False)


def format_throttle(throttle: TenantThrottleStatus) -> str:
    """Return a sentence: the reason, the time, and what waits."""
    text = _THROTTLE_TEXTS[throttle.reason].format(throttle.waiting)
    return f"throttled since {throttle.since:%H:%M:%S} UTC: {text}"


def _print_finding(slug: str, sentence: str, well: bool) -> bool:
    mark = "[green]ok[/green]" if well else "[red]!![/red]"
    # No line breaks: the sentence may contain a command to copy.
    _console.print(f"{mark} {slug}: {escape(sentence)}", highlight=False, soft_wrap=True)
    return well
