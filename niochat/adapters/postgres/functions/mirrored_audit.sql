-- The audit log in the shape of the mirror. A view would keep `niochat audit partition` from replacing
-- the table.
CREATE OR REPLACE FUNCTION mirrored_audit(provider uuid)
    RETURNS TABLE (provedor_id uuid, id uuid, conversation_id uuid, action text, details jsonb,
                   user_id text, ended_at timestamptz, created_at timestamptz,
                   deleted_at timestamptz, ref bigint, xid xid8)
    LANGUAGE sql STABLE AS $$
    SELECT a.tenant_id, md5('audit:' || a.id)::uuid, NULL::uuid, a.action,
           jsonb_build_object('target', a.target, 'before', a.before, 'after', a.after,
                              'who_kind', a.who_kind),
           a.who, NULL::timestamptz, a.at, NULL::timestamptz, a.id, a.xid
      FROM audit a WHERE a.tenant_id = $1
$$;
