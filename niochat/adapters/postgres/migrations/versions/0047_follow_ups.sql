SET lock_timeout = '5s';

-- A customer who wants no message that the provider begins. `ratings_refused_at` said this of
-- ratings only; it is still written for hosts of an older release, and goes with the next one.
ALTER TABLE contacts
    ADD COLUMN opted_out_at timestamptz,
    ADD COLUMN opted_out_by text,                      -- 'customer', or who entered it
    ADD COLUMN opted_out_reason text CHECK (opted_out_reason IN ('follow_up', 'rating',
                                                                 'conversation', 'agent')),
    ADD COLUMN opted_out_conversation uuid;            -- in which the customer said it
UPDATE contacts
   SET opted_out_at = ratings_refused_at, opted_out_by = 'agent', opted_out_reason = 'agent'
 WHERE ratings_refused_at IS NOT NULL;
CREATE INDEX contacts_opted_out ON contacts (tenant_id, opted_out_at DESC, id)
    WHERE opted_out_at IS NOT NULL;

-- Set if the provider begins with this message: until when it may leave.
ALTER TABLE outbox ADD COLUMN begun_until timestamptz;

-- One row for each conversation that showed interest in a plan.
CREATE TABLE follow_ups (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    conversation_id uuid NOT NULL,
    interest        text NOT NULL CHECK (interest IN ('registered', 'plans', 'coverage')),
    plan            text NOT NULL DEFAULT '',
    plan_value      numeric,                           -- per month; NULL: not known
    status          text NOT NULL DEFAULT 'waiting'
                    CHECK (status IN ('waiting', 'running', 'recovered', 'lost', 'stopped')),
    reason          text NOT NULL DEFAULT '',          -- why it was stopped
    interested_at   timestamptz NOT NULL,
    quiet_at        timestamptz,                       -- when the first silence was long enough
    attempts        smallint NOT NULL DEFAULT 0,       -- those that were made
    last_attempt_at timestamptz,
    check_at        timestamptz NOT NULL,              -- when the watcher looks again
    ended_at        timestamptz,
    PRIMARY KEY (tenant_id, conversation_id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id)
);
CREATE INDEX follow_ups_due ON follow_ups (tenant_id, check_at)
    WHERE status IN ('waiting', 'running');
CREATE INDEX follow_ups_interested ON follow_ups (tenant_id, interested_at DESC, conversation_id);

-- One row for each attempt, written when it is ordered. `round` grows when it is ordered again.
CREATE TABLE follow_up_attempts (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    conversation_id uuid NOT NULL,
    number          smallint NOT NULL CHECK (number BETWEEN 1 AND 3),
    round           integer NOT NULL DEFAULT 1,
    status          text NOT NULL CHECK (status IN ('ordered', 'queued', 'skipped')),
    reason          text NOT NULL DEFAULT '',          -- why it was skipped
    channel_id      uuid NOT NULL,
    day             date NOT NULL,                     -- the local day whose limits it counts for
    variant         smallint NOT NULL,
    template        text NOT NULL,                     -- the text before its placeholders were replaced
    ordered_at      timestamptz NOT NULL DEFAULT now(),
    send_until      timestamptz NOT NULL,
    decided_at      timestamptz,
    message_id      uuid,                              -- messages
    PRIMARY KEY (tenant_id, conversation_id, number),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES follow_ups (tenant_id, conversation_id)
);
CREATE INDEX follow_up_attempts_day ON follow_up_attempts (tenant_id, day)
    WHERE status <> 'skipped';

-- When each contact complained last.
CREATE TABLE complaints (
    tenant_id     uuid NOT NULL REFERENCES tenants,
    contact_id    uuid NOT NULL,
    complained_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, contact_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id)
);

DO $rights$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['follow_ups', 'follow_up_attempts', 'complaints']
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON %s TO niochat_app
            USING (tenant_id = (SELECT current_tenant()))
            WITH CHECK (tenant_id = (SELECT current_tenant()))', name);
        EXECUTE format('CREATE POLICY path ON %s TO niochat_system USING (true) WITH CHECK (true)',
                       name);
    END LOOP;
END $rights$;
-- The watcher reads the log as the tenant, and orders attempts as the system does: with the row of
-- the inbox.
GRANT SELECT, INSERT, UPDATE ON follow_ups, complaints TO niochat_app;
GRANT SELECT ON follow_up_attempts TO niochat_app;
GRANT SELECT, UPDATE ON follow_ups TO niochat_system;
GRANT SELECT, INSERT, UPDATE ON follow_up_attempts TO niochat_system;
GRANT SELECT, INSERT, UPDATE ON complaints TO niochat_system;

-- The functions of a step are long, and other changes of them stay as they are.
DO $patch$
DECLARE
    before text := pg_get_functiondef('fence_step'::regproc);
    after text;
BEGIN
    after := replace(before,
$old$                   rating_until = CASE WHEN x.status <> 'resolved' THEN NULL
                       WHEN x.state #>> '{rating,status}' IN ('scheduled', 'sent') THEN 'infinity'
                       WHEN x.state #>> '{rating,status}' = 'answered'
                       THEN (x.state #>> '{rating,answered_at}')::timestamptz + interval '10 minutes'
                   END,
$old$,
$new$                   rating_until = CASE WHEN x.status = 'resolved' THEN greatest(
                       (x.state #>> '{follow_up,answer_until}')::timestamptz,
                       CASE x.state #>> '{rating,status}'
                           WHEN 'scheduled' THEN 'infinity' WHEN 'sent' THEN 'infinity'
                           WHEN 'answered' THEN (x.state #>> '{rating,answered_at}')::timestamptz
                                                + interval '10 minutes' END) END,
$new$);
    IF after = before THEN
        RAISE EXCEPTION 'fence_step does not look as expected';
    END IF;
    EXECUTE after;

    before := pg_get_functiondef('write_step'::regproc);
    after := replace(before,
$old$                            message_id, origin, kind, text, attachment_id, choices)
        SELECT x.tenant_id, x.id, x.thread_id, shard_of(x.thread_id), x.channel_id,
               x.conversation_id, x.message_id, x.origin, x.kind, x.text, a.id, x.choices
          FROM ROWS FROM (jsonb_to_recordset(steps -> 'sends') AS (
                   tenant_id uuid, id uuid, thread_id uuid, channel_id uuid, conversation_id uuid,
                   message_id uuid, origin text, kind text, text text, attachment_id uuid,
                   choices jsonb))
               WITH ORDINALITY AS x (tenant_id, id, thread_id, channel_id, conversation_id,
                                     message_id, origin, kind, text, attachment_id, choices, n)
$old$,
$new$                            message_id, origin, kind, text, attachment_id, choices,
                            begun_until)
        SELECT x.tenant_id, x.id, x.thread_id, shard_of(x.thread_id), x.channel_id,
               x.conversation_id, x.message_id, x.origin, x.kind, x.text, a.id, x.choices,
               x.begun_until
          FROM ROWS FROM (jsonb_to_recordset(steps -> 'sends') AS (
                   tenant_id uuid, id uuid, thread_id uuid, channel_id uuid, conversation_id uuid,
                   message_id uuid, origin text, kind text, text text, attachment_id uuid,
                   choices jsonb, begun_until timestamptz))
               WITH ORDINALITY AS x (tenant_id, id, thread_id, channel_id, conversation_id,
                                     message_id, origin, kind, text, attachment_id, choices,
                                     begun_until, n)
$new$);
    IF after = before THEN
        RAISE EXCEPTION 'write_step does not look as expected';
    END IF;
    before := after;
    after := replace(before, $old$    -- Timers that fired are consumed;$old$,
$new$    -- An attempt was made, or skipped in its round; one that was made stays so.
    IF steps ? 'follow_ups' THEN
        WITH x AS MATERIALIZED (
            SELECT x.*  -- the follow-ups are locked first, as the watcher does
              FROM jsonb_to_recordset(steps -> 'follow_ups') AS x (
                   thread_id uuid, tenant_id uuid, conversation_id uuid, number smallint,
                   round int, message_id uuid, reason text, at timestamptz)
              JOIN follow_ups f ON f.tenant_id = x.tenant_id
                               AND f.conversation_id = x.conversation_id
             WHERE x.thread_id = ANY (won)
             ORDER BY f.conversation_id
               FOR UPDATE OF f
        ), decided AS (
            UPDATE follow_up_attempts a
               SET status = CASE WHEN x.message_id IS NULL THEN 'skipped' ELSE 'queued' END,
                   reason = x.reason, message_id = x.message_id, decided_at = x.at
              FROM x
             WHERE a.tenant_id = x.tenant_id AND a.conversation_id = x.conversation_id
               AND a.number = x.number AND a.status <> 'queued'
               AND (x.message_id IS NOT NULL OR a.round = x.round)
            RETURNING a.tenant_id, a.conversation_id, a.message_id IS NOT NULL AS made, a.number,
                      a.decided_at
        )
        UPDATE follow_ups f
           SET attempts = CASE WHEN d.made THEN greatest(f.attempts, d.number) ELSE f.attempts END,
               last_attempt_at = CASE WHEN d.made THEN d.decided_at ELSE f.last_attempt_at END,
               status = CASE WHEN d.made AND f.status = 'waiting' THEN 'running' ELSE f.status END,
               check_at = d.decided_at
          FROM decided d
         WHERE f.tenant_id = d.tenant_id AND f.conversation_id = d.conversation_id;
    END IF;
    -- The customer wants no message that the provider begins; the first time counts.
    IF steps ? 'opt_outs' THEN
        UPDATE contacts k
           SET opted_out_at = x.at, opted_out_by = 'customer', opted_out_reason = x.reason,
               opted_out_conversation = x.conversation_id, ratings_refused_at = x.at
          FROM jsonb_to_recordset(steps -> 'opt_outs') AS x (
               thread_id uuid, tenant_id uuid, conversation_id uuid, reason text, at timestamptz)
          JOIN threads t ON t.tenant_id = x.tenant_id AND t.id = x.thread_id
         WHERE k.tenant_id = t.tenant_id AND k.id = t.contact_id AND k.opted_out_at IS NULL
           AND x.thread_id = ANY (won);
    END IF;
    -- Timers that fired are consumed;$new$);
    IF after = before THEN
        RAISE EXCEPTION 'write_step does not look as expected';
    END IF;
    EXECUTE after;
END $patch$;
