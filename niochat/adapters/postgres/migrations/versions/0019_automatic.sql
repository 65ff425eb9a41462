SET lock_timeout = '5s';

-- What the WhatsApp app of a provider says by itself: looked for when its phone says something, and
-- counted for `niochat doctor`. Hardly any message is one, so building it is a read of the table.
CREATE INDEX messages_automatic ON messages (tenant_id, stored_at) WHERE author = 'automatic';
