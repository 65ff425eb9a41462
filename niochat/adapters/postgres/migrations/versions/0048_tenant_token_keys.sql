SET lock_timeout = '5s';

-- Keys that sign tenant tokens, which Supabase projects verify. Not in signing_keys: while older
-- processes run, they would sign access tokens with the newest key of that table.
CREATE TABLE tenant_token_keys (
    id             text PRIMARY KEY,
    public_key     bytea NOT NULL,
    private_sealed bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_token_keys TO niochat_gate;
