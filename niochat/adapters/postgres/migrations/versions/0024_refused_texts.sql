SET lock_timeout = '5s';

-- What a model wanted to say and may not: for whoever tunes the prompt. Documents in it are masked.
CREATE TABLE refused_texts (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    id              uuid NOT NULL,
    conversation_id uuid NOT NULL,
    turn_id         uuid NOT NULL,
    code            text NOT NULL,
    sentence        text NOT NULL,              -- the one that is not true
    text            text NOT NULL,
    model           text NOT NULL,
    prompt_version  text NOT NULL,
    refused_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, turn_id) REFERENCES turns (tenant_id, id)
);
CREATE INDEX refused_texts_newest ON refused_texts (tenant_id, refused_at, id);
ALTER TABLE refused_texts ENABLE ROW LEVEL SECURITY;
ALTER TABLE refused_texts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON refused_texts TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT ON refused_texts TO niochat_app;
