SET lock_timeout = '5s';

-- Up to which message somebody has read a conversation; what came behind it is unread.
CREATE TABLE reads (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    user_id         uuid NOT NULL,
    conversation_id uuid NOT NULL,
    upto            bigint NOT NULL CHECK (upto >= 0),
    PRIMARY KEY (tenant_id, user_id, conversation_id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id)
);
CREATE INDEX reads_conversation ON reads (tenant_id, conversation_id);
ALTER TABLE reads ENABLE ROW LEVEL SECURITY;
ALTER TABLE reads FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON reads TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY path ON reads FOR SELECT TO niochat_system USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON reads TO niochat_app;
GRANT SELECT ON reads TO niochat_system;
