"""All that is sealed, and what for: the places that ``niochat keys rotate`` goes through."""

from niochat.access import idempotency, mail, second_factor, signing
from niochat.accounts.sealing import Purpose
from niochat.adapters.postgres.queries import queries
from niochat.domain.sealing import TAX_ID_PURPOSE
from niochat.vault.resealing import Place

_SQL = queries("resealing")

PLACES = (
    Place("channel tokens", _SQL["channel_tokens"], _SQL["put_channel_token"],
          Purpose.CHANNEL_TOKEN),
    Place("webhook secrets", _SQL["channel_secrets"], _SQL["put_channel_secret"],
          Purpose.CHANNEL_SECRET),
    Place("webhook signing keys", _SQL["channel_hmacs"], _SQL["put_channel_hmac"],
          Purpose.CHANNEL_HMAC),
    Place("assistant keys", _SQL["assistant_keys"], _SQL["put_assistant_key"],
          Purpose.ASSISTANT_KEY),
    Place("assistant extras", _SQL["assistant_extras"], _SQL["put_assistant_extra"],
          Purpose.ASSISTANT_EXTRA),
    Place("transcription keys", _SQL["transcription_keys"], _SQL["put_transcription_key"],
          Purpose.TRANSCRIPTION_KEY),
    Place("ERP tokens", _SQL["tokens_for_erps"], _SQL["put_token_for_erp"],
          Purpose.ERP_TOKEN),
    Place("documents", _SQL["documents"], _SQL["put_document"],
          TAX_ID_PURPOSE, found_by_index=True),
    Place("second factors", _SQL["second_factors"], _SQL["put_second_factor"],
          second_factor.PURPOSE, True),
    Place("signing keys", _SQL["signing_keys"], _SQL["put_signing_key"],
          signing.PURPOSE, True),
    Place("mails", _SQL["mails"], _SQL["put_mail"],
          mail.PURPOSE, True),
    Place("kept answers", _SQL["kept_answers"], _SQL["put_kept_answer"],
          idempotency.PURPOSE, True),
)  # fmt: skip
