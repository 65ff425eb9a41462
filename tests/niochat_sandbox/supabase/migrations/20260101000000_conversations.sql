-- A table of the shape that the mirror has: two keys, a version, a policy by the token's tenant.
CREATE TABLE IF NOT EXISTS conversations (
    provedor_id uuid NOT NULL,
    id uuid NOT NULL,
    version bigint NOT NULL,
    status text,
    details jsonb,
    score numeric,
    created_at timestamptz,
    deleted_at timestamptz,
    PRIMARY KEY (provedor_id, id)
);

ALTER TABLE conversations ENABLE ROW LEVEL SECURITY;
ALTER TABLE conversations FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_rows ON conversations;
CREATE POLICY own_rows ON conversations FOR SELECT TO authenticated
    USING (provedor_id = ((SELECT auth.jwt()) -> 'app_metadata' ->> 'tenant_id')::uuid);

REVOKE ALL ON conversations FROM anon, authenticated;
GRANT SELECT ON conversations TO authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON conversations TO service_role;
