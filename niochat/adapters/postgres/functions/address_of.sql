-- Where an answer to a contact goes: the current address that was written from last; of a message
-- that showed both, the telephone. A contact that was joined to another one has that one's.
CREATE OR REPLACE FUNCTION address_of(tenant uuid, contact uuid) RETURNS TABLE (phone text, lid text)
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN i.kind = 'phone' THEN coalesce(i.address, i.value) END,
           CASE WHEN i.kind = 'lid' THEN i.value END
      FROM contacts k
      JOIN identities i ON i.tenant_id = tenant AND i.contact_id = coalesce(k.merged_into, k.id)
     WHERE k.tenant_id = tenant AND k.id = contact AND i.left_at IS NULL
     ORDER BY i.wrote DESC, i.seen_at DESC, i.kind DESC LIMIT 1
$$;
