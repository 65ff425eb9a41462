"""All that is sealed, and what for: the places that ``niochat keys rotate`` goes through."""

from niochat.access import idempotency, mail, second_factor, signing
from niochat.accounts.sealing import SecretPurpose
from niochat.adapters.postgres.queries import queries
from niochat.domain.sealing import TAX_ID_PURPOSE
from niochat.vault.resealing import SealedColumn

_SQL = queries("resealing")

SEALED_COLUMNS = (
    SealedColumn("channel tokens", _SQL["channel_tokens"], _SQL["put_channel_token"],
          SecretPurpose.CHANNEL_TOKEN),
    SealedColumn("webhook secrets", _SQL["channel_secrets"], _SQL["put_channel_secret"],
          SecretPurpose.CHANNEL_SECRET),
    SealedColumn("webhook signing keys", _SQL["channel_hmacs"], _SQL["put_channel_hmac"],
          SecretPurpose.CHANNEL_HMAC),
    SealedColumn("assistant keys", _SQL["assistant_keys"], _SQL["put_assistant_key"],
          SecretPurpose.ASSISTANT_KEY),
    SealedColumn("assistant extras", _SQL["assistant_extras"], _SQL["put_assistant_extra"],
          SecretPurpose.ASSISTANT_EXTRA),
    SealedColumn("transcription keys", _SQL["transcription_keys"], _SQL["put_transcription_key"],
          SecretPurpose.TRANSCRIPTION_KEY),
    SealedColumn("ERP tokens", _SQL["tokens_for_erps"], _SQL["put_token_for_erp"],
          SecretPurpose.ERP_TOKEN),
    SealedColumn("documents", _SQL["documents"], _SQL["put_document"],
          TAX_ID_PURPOSE, has_blind_index=True),
    SealedColumn("second factors", _SQL["second_factors"], _SQL["put_second_factor"],
          second_factor.PURPOSE, True),
    SealedColumn("signing keys", _SQL["signing_keys"], _SQL["put_signing_key"],
          signing.PURPOSE, True),
    SealedColumn("mails", _SQL["mails"], _SQL["put_mail"],
          mail.PURPOSE, True),
    SealedColumn("kept answers", _SQL["stored_responses"], _SQL["put_stored_response"],
          idempotency.PURPOSE, True),
)  # fmt: skip
