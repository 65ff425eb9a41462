-- The address for answers to a contact: the current one that it wrote from last. If the last
-- message showed a LID and a phone number, it is the number. A merged contact has the address of
-- the contact that it was merged into.
CREATE OR REPLACE FUNCTION address_of(tenant uuid, contact uuid) RETURNS TABLE (phone text, lid text)
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN i.kind = 'phone' THEN coalesce(i.address, i.value) END,
           CASE WHEN i.kind = 'lid' THEN i.value END
      FROM contacts k
      JOIN identities i ON i.tenant_id = tenant AND i.contact_id = coalesce(k.merged_into, k.id)
     WHERE k.tenant_id = tenant AND k.id = contact AND i.left_at IS NULL
     ORDER BY i.wrote DESC, i.seen_at DESC, i.kind DESC LIMIT 1
$$;
