SET lock_timeout = '5s';

-- When a person wrote from an address last, and which of them may receive.
ALTER TABLE identities
    ADD COLUMN address text,
    ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN since timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN wrote boolean NOT NULL DEFAULT true,
    ADD COLUMN left_at timestamptz,
    ADD COLUMN taken_over boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN identities.address IS 'As the gateway spells it; null: as in value.';
COMMENT ON COLUMN identities.left_at IS 'Its person wrote from another one then. Null: it is current,
and may receive and prove who writes; one of a kind for a contact.';
COMMENT ON COLUMN identities.taken_over IS 'Another person had it before: it proves nothing.';

-- What stood here without its time. Of two spellings of a mobile the one with its ninth digit stays.
UPDATE identities i SET seen_at = k.created_at, since = k.created_at, address = i.value
  FROM contacts k WHERE k.tenant_id = i.tenant_id AND k.id = i.contact_id;
DELETE FROM identities i
 WHERE i.kind = 'phone' AND i.value ~ '^55[1-9][0-9][6-9][0-9]{7}$'
   AND EXISTS (SELECT FROM identities o
                WHERE o.tenant_id = i.tenant_id AND o.kind = 'phone'
                  AND o.value = left(i.value, 4) || '9' || substr(i.value, 5));
UPDATE identities SET value = left(value, 4) || '9' || substr(value, 5)
 WHERE kind = 'phone' AND value ~ '^55[1-9][0-9][6-9][0-9]{7}$';
-- Nobody knows which of several was written from last: none of a kind receives until one is.
UPDATE identities i SET left_at = now()
 WHERE EXISTS (SELECT FROM identities o
                WHERE o.tenant_id = i.tenant_id AND o.contact_id = i.contact_id
                  AND o.kind = i.kind AND o.value <> i.value);
CREATE UNIQUE INDEX identities_current ON identities (tenant_id, contact_id, kind) WHERE left_at IS NULL;

-- Who had an address before somebody else wrote from it: messages that come late find their writer.
CREATE TABLE former_identities (
    tenant_id  uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('lid', 'phone')),
    value      text NOT NULL,
    contact_id uuid NOT NULL,
    until      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, kind, value, until, contact_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id)
);
CREATE INDEX former_identities_contact ON former_identities (tenant_id, contact_id);
ALTER TABLE former_identities ENABLE ROW LEVEL SECURITY;
ALTER TABLE former_identities FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON former_identities TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY path ON former_identities TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON former_identities TO niochat_app, niochat_system;

-- Where an answer to a contact goes: the current address that was written from last; of a message
-- that showed both, the telephone. A contact that was joined to another one has that one's.
CREATE FUNCTION address_of(tenant uuid, contact uuid) RETURNS TABLE (phone text, lid text)
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN i.kind = 'phone' THEN coalesce(i.address, i.value) END,
           CASE WHEN i.kind = 'lid' THEN i.value END
      FROM contacts k
      JOIN identities i ON i.tenant_id = tenant AND i.contact_id = coalesce(k.merged_into, k.id)
     WHERE k.tenant_id = tenant AND k.id = contact AND i.left_at IS NULL
     ORDER BY i.wrote DESC, i.seen_at DESC, i.kind DESC LIMIT 1
$$;

-- What people are shown of a contact's addresses, the newest first.
CREATE FUNCTION addresses_of(tenant uuid, contact uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'kind', i.kind, 'value', i.value, 'in_use', i.left_at IS NULL, 'seen_at', i.seen_at,
               'evidence', CASE WHEN i.wrote THEN 'message' ELSE 'chat' END,
               'taken_over', i.taken_over) ORDER BY i.wrote DESC, i.seen_at DESC, i.kind DESC), '[]')
      FROM identities i WHERE i.tenant_id = tenant AND i.contact_id = contact
$$;

CREATE OR REPLACE VIEW shown_conversations WITH (security_invoker = true) AS
SELECT c.tenant_id, c.id, c.protocol, c.status, c.team, c.agent, c.version, c.opened_at,
       c.changed_at, c.resolved_at, c.waiting_since, c.priority, c.labels, c.snoozed_until,
       c.thread_id, t.channel_id, k.id AS contact_id, k.name AS contact,
       (SELECT i.value FROM identities i WHERE i.tenant_id = c.tenant_id
          AND i.contact_id = k.id AND i.kind = 'phone' AND i.left_at IS NULL LIMIT 1) AS phone
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id;
