-- The addresses of a contact for display, newest first.
CREATE OR REPLACE FUNCTION addresses_of(tenant uuid, contact uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'kind', i.kind, 'value', i.value, 'in_use', i.left_at IS NULL, 'seen_at', i.seen_at,
               'evidence', CASE WHEN i.wrote THEN 'message' ELSE 'chat' END,
               'taken_over', i.taken_over) ORDER BY i.wrote DESC, i.seen_at DESC, i.kind DESC), '[]')
      FROM identities i WHERE i.tenant_id = tenant AND i.contact_id = contact
$$;
