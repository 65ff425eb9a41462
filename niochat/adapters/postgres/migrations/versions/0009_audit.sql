SET lock_timeout = '5s';

-- Who did what, with what before and after, and from where. Only ever added to.
CREATE TABLE audit (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),  -- sealed in this order, below the horizon
    tenant_id uuid REFERENCES tenants,          -- NULL: of the platform
    at        timestamptz NOT NULL DEFAULT now(),
    who_kind  text NOT NULL CHECK (who_kind IN ('user', 'key', 'assistant', 'operator', 'product')),
    who       text NOT NULL,
    action    text NOT NULL,
    target    text NOT NULL,
    before    jsonb,
    after     jsonb,
    address   text NOT NULL
);
CREATE INDEX audit_of_tenant ON audit (tenant_id, id);
CREATE INDEX audit_position ON audit (xid, id);
-- Each link holds a digest of a batch of rows and of the link before it.
CREATE TABLE audit_links (
    number   bigint PRIMARY KEY,
    upto_xid xid8 NOT NULL,
    upto_id  bigint NOT NULL,
    rows     integer NOT NULL CHECK (rows > 0),
    digest   bytea NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON audit TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY gate ON audit TO niochat_gate USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON audit TO niochat_app, niochat_gate;
GRANT SELECT, INSERT ON audit_links TO niochat_gate;
