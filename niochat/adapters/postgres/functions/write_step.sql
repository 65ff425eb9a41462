-- ---------------------------------------------------------------- writes of a step
-- Writes everything of the steps that passed the fence. The order matters: a message precedes its
-- changes, and a send precedes its cancellation.
CREATE OR REPLACE FUNCTION write_step(owner text, code_schema smallint, steps jsonb, won uuid[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    part jsonb;
BEGIN
    IF steps ? 'events' THEN
        INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body,
                            schema_version, at, cause)
        SELECT x.tenant_id, x.conversation_id, x.version, x.thread_id, x.body ->> 'type', x.body,
               code_schema, x.at, x.cause
          FROM jsonb_to_recordset(steps -> 'events') AS x (
               tenant_id uuid, conversation_id uuid, version bigint, thread_id uuid, body jsonb,
               at timestamptz, cause text)
         WHERE x.thread_id = ANY (won);
    END IF;
    -- A message that is there already stays as it is.
    IF steps ? 'messages' THEN
        INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author, kind,
                              text, details, external_id, reply_to, status, sent_at)
        SELECT x.*
          FROM jsonb_to_recordset(steps -> 'messages') AS x (
               tenant_id uuid, id uuid, thread_id uuid, conversation_id uuid, version bigint,
               author text, kind text, text text, details jsonb, external_id text, reply_to text,
               status text, sent_at timestamptz)
         WHERE x.thread_id = ANY (won)
            ON CONFLICT (tenant_id, id) DO NOTHING;
    END IF;
    -- The file of a note is kept although no send refers to it.
    IF steps ? 'note_files' THEN
        UPDATE attachments a SET message_id = x.message_id
          FROM jsonb_to_recordset(steps -> 'note_files') AS x (
               thread_id uuid, tenant_id uuid, id uuid, message_id uuid)
         WHERE a.tenant_id = x.tenant_id AND a.id = x.id AND x.thread_id = ANY (won)
           AND a.message_id IS NULL;
    END IF;
    -- NULL leaves what stood there; the status was checked to move forward. A list of lists: one
    -- statement changes a message once, the next change of it waits for the next.
    FOR part IN SELECT jsonb_array_elements(steps -> 'changes') LOOP
        IF jsonb_path_exists(part, '$[*].text ? (@ != null)') THEN
            INSERT INTO replaced_texts (tenant_id, message_id, version, text, replaced_at)
            SELECT m.tenant_id, m.id, x.version, m.text, x.at
              FROM jsonb_to_recordset(part) AS x (
                   thread_id uuid, tenant_id uuid, id uuid, text text, version bigint,
                   at timestamptz)
              JOIN messages m ON m.tenant_id = x.tenant_id AND m.id = x.id
             WHERE m.text IS DISTINCT FROM x.text AND x.text IS NOT NULL AND x.thread_id = ANY (won);
        END IF;
        UPDATE messages m
           SET status = coalesce(x.status, m.status),
               external_id = coalesce(x.external_id, m.external_id),
               code = coalesce(x.code, m.code), text = coalesce(x.text, m.text),
               edited_at = CASE WHEN x.text IS NULL THEN m.edited_at ELSE x.at END,
               deleted_at = CASE WHEN x.deleted THEN coalesce(m.deleted_at, x.at)
                                 ELSE m.deleted_at END,
               reactions = CASE WHEN x.reactions = '{}' THEN m.reactions
                                ELSE jsonb_strip_nulls(m.reactions || x.reactions) END
          FROM jsonb_to_recordset(part) AS x (
               thread_id uuid, tenant_id uuid, id uuid, status text, external_id text, code text,
               text text, deleted bool, reactions jsonb, at timestamptz)
         WHERE m.tenant_id = x.tenant_id AND m.id = x.id AND x.thread_id = ANY (won);
    END LOOP;
    -- Changes of messages of earlier conversations have no event that would tell the mirror.
    IF steps ? 'unlogged' THEN
        INSERT INTO mirror_changes (tenant_id, source, ref)
        SELECT x.tenant_id, 'messages', x.id
          FROM jsonb_to_recordset(steps -> 'unlogged') AS x (thread_id uuid, tenant_id uuid, id text)
          JOIN mirror_positions p ON p.tenant_id = x.tenant_id
         WHERE x.thread_id = ANY (won);
    END IF;
    -- News of messages that are not known yet is kept; that of messages which came is used up.
    IF steps ? 'unmatched' THEN
        INSERT INTO unmatched (tenant_id, thread_id, external_id, kind, value)
        SELECT x.tenant_id, x.thread_id, x.external_id, x.kind, x.value
          FROM ROWS FROM (jsonb_to_recordset(steps -> 'unmatched') AS (
                   tenant_id uuid, thread_id uuid, external_id text, kind text, value text))
               WITH ORDINALITY AS x (tenant_id, thread_id, external_id, kind, value, n)
         WHERE x.thread_id = ANY (won)
         ORDER BY x.n
            ON CONFLICT (tenant_id, thread_id, external_id, kind, digest)
            DO UPDATE SET kept_at = excluded.kept_at;
    END IF;
    IF steps ? 'matched' THEN
        DELETE FROM unmatched u
         USING jsonb_to_recordset(steps -> 'matched') AS x (thread_id uuid, external_id text)
         WHERE u.thread_id = x.thread_id AND u.external_id = x.external_id
           AND x.thread_id = ANY (won);
    END IF;
    -- Results of sends. A row once sent is left alone; only evidence of delivery beats an end.
    FOR part IN SELECT jsonb_array_elements(steps -> 'settled') LOOP
        UPDATE outbox o
           SET status = x.status, external_id = coalesce(x.external_id, o.external_id),
               code = nullif(x.code, ''),
               resends = o.resends + (o.status = 'uncertain' AND x.status = 'queued')::int,
               lookups = 0,
               uncertain_since = CASE WHEN x.status = 'uncertain'
                                      THEN coalesce(o.uncertain_since, now()) END,
               next_at = CASE WHEN x.status = 'uncertain' THEN greatest(o.send_until, now())
                              ELSE now() + make_interval(secs => x.retry_in_s) END,
               settled_at = CASE WHEN x.status IN ('sent', 'failed', 'cancelled') THEN now() END
          FROM jsonb_to_recordset(part) AS x (
               thread_id uuid, tenant_id uuid, id uuid, status text, external_id text, code text,
               retry_in_s float8)
         WHERE o.tenant_id = x.tenant_id AND o.id = x.id AND x.thread_id = ANY (won)
           AND (o.status IN ('queued', 'sending', 'uncertain')
                OR x.status = 'sent' AND o.status IN ('failed', 'cancelled'));
    END LOOP;
    -- What has to leave, in the order it was said. A file that is gone makes a send that fails, not
    -- a step that can never be written.
    IF steps ? 'sends' THEN
        INSERT INTO outbox (tenant_id, id, thread_id, shard, channel_id, conversation_id,
                            message_id, origin, kind, text, attachment_id, choices,
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
          LEFT JOIN attachments a ON a.tenant_id = x.tenant_id AND a.id = x.attachment_id
         WHERE x.thread_id = ANY (won)
         ORDER BY x.n
            ON CONFLICT (tenant_id, id) DO NOTHING;
    END IF;
    -- The assistant lost the reply right: what has not started to leave never will. After the sends
    -- of this very step, and those that it put back.
    IF steps ? 'cancelled' THEN
        WITH lost AS (
            UPDATE outbox SET status = 'cancelled', settled_at = now()
             WHERE thread_id = ANY (ARRAY(
                       SELECT x.thread_id
                         FROM jsonb_to_recordset(steps -> 'cancelled') AS x (thread_id uuid)
                        WHERE x.thread_id = ANY (won)))
               AND status = 'queued' AND origin = 'assistant'
            RETURNING tenant_id, message_id
        )
        UPDATE messages m SET code = 'cancelled' FROM lost
         WHERE m.tenant_id = lost.tenant_id AND m.id = lost.message_id;
    END IF;
    -- One send that must not leave any more, unless it has started to.
    IF steps ? 'cancelled_sends' THEN
        WITH lost AS (
            UPDATE outbox o SET status = 'cancelled', settled_at = now()
              FROM jsonb_to_recordset(steps -> 'cancelled_sends') AS x (
                   thread_id uuid, tenant_id uuid, id uuid)
             WHERE o.tenant_id = x.tenant_id AND o.id = x.id AND x.thread_id = ANY (won)
               AND o.status = 'queued'
            RETURNING o.tenant_id, o.message_id
        )
        UPDATE messages m SET code = 'cancelled' FROM lost
         WHERE m.tenant_id = lost.tenant_id AND m.id = lost.message_id;
    END IF;
    -- A rating as it is now. Team and agent stay those of its first row.
    IF steps ? 'ratings' THEN
        INSERT INTO ratings (tenant_id, id, conversation_id, thread_id, channel_id, team, agent,
                             status, reason, due_at, requested_at, sent_at, answered_at, score,
                             request_id, answer_id, comment_ids, classification, cost)
        SELECT x.tenant_id, x.id, x.conversation_id, x.thread_id, x.channel_id, x.team, x.agent,
               x.status, x.reason, x.due_at, x.requested_at, x.sent_at, x.answered_at, x.score,
               x.request_id, x.answer_id, coalesce(x.comment_ids, '{}'),
               CASE WHEN x.classify THEN 'wanted' END, coalesce(x.cost, 0)
          FROM jsonb_to_recordset(steps -> 'ratings') AS x (
               tenant_id uuid, id uuid, conversation_id uuid, thread_id uuid, channel_id uuid,
               team text, agent text, status text, reason text, due_at timestamptz,
               requested_at timestamptz, sent_at timestamptz, answered_at timestamptz,
               score smallint, request_id uuid, answer_id uuid, comment_ids uuid[], classify bool,
               cost numeric)
         WHERE x.thread_id = ANY (won)
            ON CONFLICT (tenant_id, id) DO UPDATE
           SET status = excluded.status, reason = excluded.reason, due_at = excluded.due_at,
               requested_at = excluded.requested_at, sent_at = excluded.sent_at,
               answered_at = excluded.answered_at, score = excluded.score,
               request_id = excluded.request_id, answer_id = excluded.answer_id,
               comment_ids = excluded.comment_ids, changed_at = now(),
               classification = coalesce(excluded.classification, ratings.classification),
               classify_tries = CASE WHEN excluded.classification IS NULL
                                     THEN ratings.classify_tries ELSE 0 END,
               cost = ratings.cost + excluded.cost;
    END IF;
    -- An attempt was made, or skipped in its round; one that was made stays so.
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
    -- Timers that fired are consumed; the newest generation of a timer replaces the one before.
    IF steps ? 'fired' THEN
        DELETE FROM timers t
         USING jsonb_to_recordset(steps -> 'fired') AS x (thread_id uuid, name text,
                                                          generation bigint)
         WHERE t.thread_id = x.thread_id AND t.name = x.name AND t.generation = x.generation
           AND x.thread_id = ANY (won);
    END IF;
    IF steps ? 'timers' THEN
        INSERT INTO timers (tenant_id, thread_id, shard, name, conversation_id, generation, due_at)
        SELECT x.tenant_id, x.thread_id, shard_of(x.thread_id), x.name, x.conversation_id,
               x.generation, x.due_at
          FROM jsonb_to_recordset(steps -> 'timers') AS x (
               tenant_id uuid, thread_id uuid, name text, conversation_id uuid, generation bigint,
               due_at timestamptz)
         WHERE x.thread_id = ANY (won)
            ON CONFLICT (tenant_id, thread_id, name) DO UPDATE
           SET conversation_id = excluded.conversation_id, generation = excluded.generation,
               due_at = excluded.due_at;
    END IF;
    -- A turn, or one more attempt of it; then how turns ended, once. `status || ''`: else the index
    -- of all running turns looks as cheap as the row's key.
    IF steps ? 'turns' THEN
        INSERT INTO turns (tenant_id, id, conversation_id, thread_id, shard, attempt, upto_version,
                           host, started_at)
        SELECT x.tenant_id, x.id, x.conversation_id, x.thread_id, shard_of(x.thread_id), x.attempt,
               x.upto_version, owner, now()
          FROM jsonb_to_recordset(steps -> 'turns') AS x (
               tenant_id uuid, id uuid, conversation_id uuid, thread_id uuid, attempt int,
               upto_version bigint)
         WHERE x.thread_id = ANY (won)
            ON CONFLICT (tenant_id, id) DO UPDATE
           SET attempt = excluded.attempt, upto_version = excluded.upto_version,
               host = excluded.host, started_at = excluded.started_at
         WHERE turns.status = 'running';
    END IF;
    FOR part IN SELECT jsonb_array_elements(steps -> 'ended') LOOP
        UPDATE turns t
           SET status = x.status, code = x.code, detail = x.detail, model = x.model,
               prompt_version = x.prompt_version, tokens_in = x.tokens_in,
               tokens_out = x.tokens_out, tokens_cached = coalesce(x.tokens_cached, 0), model_calls = coalesce(x.model_calls, 0), cost = x.cost, settled_at = now()
          FROM jsonb_to_recordset(part) AS x (
               thread_id uuid, tenant_id uuid, id uuid, status text, code text, detail text,
               model text, prompt_version text, tokens_in int, tokens_out int, tokens_cached int, model_calls int, cost numeric)
         WHERE t.tenant_id = x.tenant_id AND t.id = x.id AND t.status || '' = 'running'
           AND x.thread_id = ANY (won);
    END LOOP;
    -- The rows this step consumed; once. No "processed_at IS NULL" here: it would let the planner
    -- walk all that is pending, which in a surge is everything, instead of the primary key.
    IF steps ? 'processed' THEN
        UPDATE inbox i
           SET processed_at = coalesce(i.processed_at, now()),
               outcome = coalesce(i.outcome, x.outcome)
          FROM jsonb_to_recordset(steps -> 'processed') AS x (
               thread_id uuid, tenant_id uuid, id bigint, outcome text)
         WHERE i.tenant_id = x.tenant_id AND i.id = x.id AND x.thread_id = ANY (won);
    END IF;
END $$;
