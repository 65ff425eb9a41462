SET lock_timeout = '5s';

-- Files of many conversations, made in the background. `attempts` is also the number of the claim:
-- whoever has claimed an older one changes nothing. Each attempt stores a file of its own.
CREATE TABLE report_exports (
    tenant_id      uuid NOT NULL REFERENCES tenants,
    id             uuid NOT NULL DEFAULT uuidv7(),
    requester_kind text NOT NULL CHECK (requester_kind IN ('user', 'key')),
    requester_id   uuid NOT NULL,
    metric         text NOT NULL,
    grouping       text NOT NULL,
    key            text,
    filters        jsonb NOT NULL DEFAULT '{}',
    since          timestamptz NOT NULL,
    until          timestamptz NOT NULL,
    file_format    text NOT NULL CHECK (file_format IN ('csv', 'xlsx')),
    language       text NOT NULL CHECK (language IN ('pt', 'en')),
    state          text NOT NULL DEFAULT 'queued'
                   CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'expired')),
    rows_expected  integer,
    rows_written   integer NOT NULL DEFAULT 0,
    failure        text,                            -- a code, of one that failed
    attempts       integer NOT NULL DEFAULT 0,
    claimed_until  timestamptz NOT NULL DEFAULT '-infinity',
    scopes         jsonb,                           -- whose conversations the file has
    file_attempt   integer,                         -- the attempt that stored the file
    file_bytes     bigint,
    created_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    expires_at     timestamptz,                     -- when the file is deleted
    removed_at     timestamptz,                     -- its requester needs it no more
    PRIMARY KEY (tenant_id, id),
    CHECK (state <> 'done' OR file_attempt IS NOT NULL AND expires_at IS NOT NULL)
);
CREATE INDEX report_exports_own ON report_exports (tenant_id, requester_id, id);
CREATE INDEX report_exports_unfinished ON report_exports (created_at)
    WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX report_exports_one_running ON report_exports (tenant_id)
    WHERE state = 'running';
CREATE INDEX report_exports_finished ON report_exports (finished_at)
    WHERE finished_at IS NOT NULL;

ALTER TABLE report_exports ENABLE ROW LEVEL SECURITY;
ALTER TABLE report_exports FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON report_exports TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY path ON report_exports TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON report_exports TO niochat_app;
GRANT SELECT, UPDATE, DELETE ON report_exports TO niochat_system;

-- The conversations behind a value of a report, of those that the viewer may see in lists (`scope`:
-- own, team or all). `measure` is a column of contributions or the name of another source, and
-- `detail` narrows that down. Pages and counts of them are the callers' matter.
CREATE OR REPLACE FUNCTION conversations_behind(
    tenant uuid, serving integer, chosen text, since timestamptz, until timestamptz, filters jsonb,
    grouped_by text, zone text, row_key text, measure text, detail text, serving_turns integer,
    scope text, viewer text, viewer_teams text[]
) RETURNS TABLE (conversation_id uuid, opened_at timestamptz)
    LANGUAGE sql STABLE AS $$
    SELECT c.conversation_id, c.opened_at
      FROM report_rows($1, $2, $3, $4, $5, $6) AS c
      JOIN conversations v ON v.tenant_id = $1 AND v.id = c.conversation_id
     WHERE ($9 IS NULL OR $7 = 'agent' AND $10 = 'answers' OR
            report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8, c.key)
            = $9)
       AND CASE $10
           WHEN 'answers' THEN c.conversations > 0 AND EXISTS (
                SELECT FROM analytics.human_answers a
                 WHERE a.tenant_id = $1 AND a.generation = $2
                   AND a.conversation_id = c.conversation_id
                   AND ($11 IS NULL OR a.agent = $11))
           WHEN 'outcomes' THEN EXISTS (
                SELECT FROM analytics.conversation_measures o
                 WHERE o.tenant_id = $1 AND o.generation = $2
                   AND o.conversation_id = c.conversation_id AND o.solved_by_assistant
                   AND CASE $11
                       WHEN 'confirmed' THEN o.resolution = 'assistant' OR EXISTS (
                            SELECT FROM turns t
                              JOIN erp_writes w ON w.tenant_id = $1 AND w.turn_id = t.id
                             WHERE t.tenant_id = $1 AND t.conversation_id = o.conversation_id
                               AND w.status = 'done')
                       WHEN 'assumed' THEN
                            o.resolved_at + interval '24 h' <= coalesce(o.returned_at, now())
                       WHEN 'durable' THEN
                            o.resolved_at + interval '72 h' <= coalesce(o.returned_at, now())
                       ELSE o.returned_at < o.resolved_at + interval '72 h' END)
           WHEN 'turns' THEN EXISTS (
                SELECT FROM analytics.assistant_turns t
                 WHERE t.tenant_id = $1 AND t.generation = $12
                   AND t.conversation_id = c.conversation_id
                   AND ($11 IS NULL OR t.outcome = $11))
           ELSE (to_jsonb(c) ->> $10)::bigint > 0 END
       AND ($13 = 'all' OR v.agent = $14 OR $13 = 'team' AND
            (v.team = ANY ($15) OR v.team IS NULL AND v.agent IS NULL))
$$;

-- The conversations whose promises of SLA policies had an `outcome` (met or breached), of those that
-- the viewer may see in lists (`scope`: own, team or all).
CREATE OR REPLACE FUNCTION conversations_behind_promises(
    tenant uuid, serving integer, chosen text, since timestamptz, until timestamptz, filters jsonb,
    grouped_by text, zone text, clock_team text, clock_agent text, clock_label text, row_key text,
    outcome text, scope text, viewer text, viewer_teams text[]
) RETURNS TABLE (conversation_id uuid, opened_at timestamptz)
    LANGUAGE sql STABLE AS $$
    SELECT DISTINCT c.conversation_id, c.opened_at
      FROM report_rows($1, $2, $3, $4, $5, $6) AS c
      JOIN sla_clocks k ON k.tenant_id = $1 AND k.conversation_id = c.conversation_id
      JOIN conversations v ON v.tenant_id = $1 AND v.id = c.conversation_id
     WHERE k.policy_id IS NOT NULL
       AND CASE $13 WHEN 'met' THEN k.breached_at IS NULL AND k.outcome = 'reached'
                    ELSE k.breached_at IS NOT NULL END
       AND ($9 IS NULL OR coalesce(k.team, 'none') = $9)
       AND ($10 IS NULL OR coalesce(k.agent, 'none') = $10)
       AND ($11 IS NULL OR $11 = ANY (k.labels))
       AND ($12 IS NULL OR CASE $7
            WHEN 'team' THEN coalesce(k.team, '') = $12 WHEN 'agent' THEN coalesce(k.agent, '') = $12
            WHEN 'sla_policy' THEN k.policy_name = $12 WHEN 'sla_target' THEN k.target = $12
            WHEN 'label' THEN $12 = ANY (k.labels)
            ELSE report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8,
                            c.key) = $12 END)
       AND ($14 = 'all' OR v.agent = $15 OR $14 = 'team' AND
            (v.team = ANY ($16) OR v.team IS NULL AND v.agent IS NULL))
$$;
