SET lock_timeout = '5s';

-- The desk's lists: what goes on, newest change first. The id is no key of it: the path's search
-- by tenant and id would take this index where it belongs to the primary key's.
CREATE INDEX conversations_live ON conversations (tenant_id, changed_at DESC)
    WHERE status <> 'resolved';
