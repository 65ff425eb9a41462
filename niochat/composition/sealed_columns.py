"""All sealed columns and their purposes, for ``niochat keys rotate``."""

from niochat.adapters.postgres import idempotency_store
from niochat.adapters.postgres.queries import queries
from niochat.alerts import alert_rule_store
from niochat.identity import access_tokens
from niochat.identity.login import second_factor
from niochat.mail import mail_outbox
from niochat.mirror.administration import tenant_tokens
from niochat.ports.encryption import (
    SUPABASE_JWT_SECRET_PURPOSE,
    SUPABASE_KEY_PURPOSE,
    TAX_ID_PURPOSE,
)
from niochat.push import push_subscriptions, vapid_keys
from niochat.tenants.tenant_secrets import SecretPurpose
from niochat.vault.key_rotation import SealedColumn

_SQL = queries("key_rotation")

SEALED_COLUMNS = (
    SealedColumn(
        "channel tokens",
        _SQL["channel_tokens"],
        _SQL["put_channel_token"],
        SecretPurpose.CHANNEL_TOKEN,
    ),
    SealedColumn(
        "webhook secrets",
        _SQL["channel_secrets"],
        _SQL["put_channel_secret"],
        SecretPurpose.CHANNEL_SECRET,
    ),
    SealedColumn(
        "webhook signing keys",
        _SQL["channel_hmacs"],
        _SQL["put_channel_hmac"],
        SecretPurpose.CHANNEL_HMAC,
    ),
    SealedColumn(
        "assistant keys",
        _SQL["assistant_keys"],
        _SQL["put_assistant_key"],
        SecretPurpose.ASSISTANT_KEY,
    ),
    SealedColumn(
        "assistant extras",
        _SQL["assistant_extras"],
        _SQL["put_assistant_extra"],
        SecretPurpose.ASSISTANT_EXTRA,
    ),
    SealedColumn(
        "transcription keys",
        _SQL["transcription_keys"],
        _SQL["put_transcription_key"],
        SecretPurpose.TRANSCRIPTION_KEY,
    ),
    SealedColumn(
        "ERP tokens", _SQL["tokens_for_erps"], _SQL["put_token_for_erp"], SecretPurpose.ERP_TOKEN
    ),
    SealedColumn(
        "documents", _SQL["documents"], _SQL["put_document"], TAX_ID_PURPOSE, has_blind_index=True
    ),
    SealedColumn(
        "second factors",
        _SQL["second_factors"],
        _SQL["put_second_factor"],
        second_factor.PURPOSE,
        True,
    ),
    SealedColumn(
        "signing keys", _SQL["signing_keys"], _SQL["put_signing_key"], access_tokens.PURPOSE, True
    ),
    SealedColumn(
        "tenant token keys",
        _SQL["tenant_token_keys"],
        _SQL["put_tenant_token_key"],
        tenant_tokens.PURPOSE,
        True,
    ),
    SealedColumn("mails", _SQL["mails"], _SQL["put_mail"], mail_outbox.PURPOSE, True),
    SealedColumn("push keys", _SQL["vapid_keys"], _SQL["put_vapid_key"], vapid_keys.PURPOSE, True),
    SealedColumn(
        "push subscriptions",
        _SQL["push_subscriptions"],
        _SQL["put_push_subscription"],
        push_subscriptions.PURPOSE,
    ),
    SealedColumn(
        "alert webhooks",
        _SQL["alert_rules"],
        _SQL["put_alert_rule"],
        alert_rule_store.PURPOSE,
    ),
    SealedColumn(
        "Supabase keys",
        _SQL["supabase_keys"],
        _SQL["put_supabase_key"],
        SUPABASE_KEY_PURPOSE,
    ),
    SealedColumn(
        "Supabase JWT secrets",
        _SQL["supabase_jwt_secrets"],
        _SQL["put_supabase_jwt_secret"],
        SUPABASE_JWT_SECRET_PURPOSE,
    ),
    SealedColumn(
        "kept answers",
        _SQL["stored_responses"],
        _SQL["put_stored_response"],
        idempotency_store.PURPOSE,
        True,
    ),
)
