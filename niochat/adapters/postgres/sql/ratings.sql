-- name: list
-- Ratings of conversations that the user may see, the newest first, with the texts of the answer
-- and of its comments.
SELECT r.id, r.conversation_id, c.protocol, k.id AS contact_id, k.name AS contact, r.channel_id,
       r.team, r.agent, r.status, r.reason, r.created_at, r.due_at, r.sent_at, r.answered_at,
       r.score, r.theme, r.tone, r.urgency,
       (SELECT m.text FROM messages m
         WHERE m.tenant_id = r.tenant_id AND m.id = r.answer_id AND m.deleted_at IS NULL) AS answer,
       ARRAY(SELECT m.text FROM unnest(r.comment_ids) WITH ORDINALITY AS x (id, n)
               JOIN messages m ON m.tenant_id = r.tenant_id AND m.id = x.id
              WHERE m.deleted_at IS NULL ORDER BY x.n) AS comments
  FROM ratings r
  JOIN conversations c ON c.tenant_id = r.tenant_id AND c.id = r.conversation_id
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id
 WHERE r.tenant_id = $1
   AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
        (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
   AND ($5::timestamptz IS NULL OR r.created_at >= $5)
   AND ($6::timestamptz IS NULL OR r.created_at < $6)
   AND ($7::text[] IS NULL OR r.status = ANY ($7))
   AND ($8::smallint[] IS NULL OR r.score = ANY ($8))
   AND ($9::text[] IS NULL OR r.agent = ANY ($9) OR 'none' = ANY ($9) AND r.agent IS NULL)
   AND ($10::text[] IS NULL OR r.team = ANY ($10))
   AND ($11::uuid[] IS NULL OR r.channel_id = ANY ($11))
   AND (NOT $12::bool OR r.comment_ids <> '{}' OR r.score IS NULL AND r.answer_id IS NOT NULL)
   AND ($13::timestamptz IS NULL OR (r.created_at, r.id) < ($13, $14::uuid))
 ORDER BY r.created_at DESC, r.id DESC LIMIT $15

-- name: statistics
-- Numbers of the same ratings by group: '' (one group), agent, team, channel or day in the tenant's
-- time zone. Only sent requests can be answered, so a rating that was skipped counts nowhere.
SELECT CASE $13 WHEN 'agent' THEN coalesce(r.agent, '') WHEN 'team' THEN coalesce(r.team, '')
                WHEN 'channel' THEN r.channel_id::text
                WHEN 'day' THEN to_char(r.created_at AT TIME ZONE n.timezone, 'YYYY-MM-DD')
                ELSE '' END AS key,
       count(*) FILTER (WHERE r.sent_at IS NOT NULL OR r.answered_at IS NOT NULL) AS requested,
       count(r.answered_at) AS answered,
       avg(r.score)::float8 AS average,
       ARRAY[count(*) FILTER (WHERE r.score = 1), count(*) FILTER (WHERE r.score = 2),
             count(*) FILTER (WHERE r.score = 3), count(*) FILTER (WHERE r.score = 4),
             count(*) FILTER (WHERE r.score = 5)] AS scores
  FROM ratings r
  JOIN tenants n ON n.tenant_id = r.tenant_id
  JOIN conversations c ON c.tenant_id = r.tenant_id AND c.id = r.conversation_id
 WHERE r.tenant_id = $1
   AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
        (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
   AND ($5::timestamptz IS NULL OR r.created_at >= $5)
   AND ($6::timestamptz IS NULL OR r.created_at < $6)
   AND ($7::text[] IS NULL OR r.status = ANY ($7))
   AND ($8::smallint[] IS NULL OR r.score = ANY ($8))
   AND ($9::text[] IS NULL OR r.agent = ANY ($9) OR 'none' = ANY ($9) AND r.agent IS NULL)
   AND ($10::text[] IS NULL OR r.team = ANY ($10))
   AND ($11::uuid[] IS NULL OR r.channel_id = ANY ($11))
   AND (NOT $12::bool OR r.comment_ids <> '{}' OR r.score IS NULL AND r.answer_id IS NOT NULL)
 GROUP BY 1 ORDER BY 1

-- name: claim_comments
-- Comments that a model has to classify, and gives whoever claims them $2 seconds. The texts of a
-- rating: its answer and its comments.
WITH claimed AS (
    UPDATE ratings r
       SET classify_at = now() + make_interval(secs => $2), classify_tries = classify_tries + 1
     WHERE (r.tenant_id, r.id) IN (
           SELECT w.tenant_id, w.id FROM ratings w
            WHERE w.classification = 'wanted' AND w.classify_at <= now()
            ORDER BY w.classify_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING r.tenant_id, r.id, r.classify_tries, r.answer_id, r.comment_ids, r.changed_at
)
SELECT k.tenant_id, k.id, k.classify_tries, k.changed_at,
       (SELECT string_agg(m.text, E'\n' ORDER BY m.sent_at, m.version) FROM messages m
         WHERE m.tenant_id = k.tenant_id AND m.deleted_at IS NULL
           AND m.id = ANY (k.comment_ids || k.answer_id)) AS text,
       n.policy #>> '{ratings,classify_cost_per_day}' AS cost_per_day,
       (SELECT coalesce(sum(s.classify_cost), 0) FROM ratings s
         WHERE s.tenant_id = k.tenant_id
           AND s.changed_at >= date_trunc('day', now(), n.timezone)) AS spent
  FROM claimed k JOIN tenants n ON n.tenant_id = k.tenant_id

-- name: settle_comment
-- The classification of a rating, unless another comment came meanwhile.
UPDATE ratings
   SET classification = $4, theme = coalesce($5, theme), tone = coalesce($6, tone),
       urgency = coalesce($7, urgency), cost = cost + $8, classify_cost = classify_cost + $8
 WHERE tenant_id = $1 AND id = $2 AND changed_at = $3

-- name: postpone_comment
-- The model did not answer: the comment is tried again in $3 seconds.
UPDATE ratings SET classify_at = now() + make_interval(secs => $3)
 WHERE tenant_id = $1 AND id = $2 AND classification = 'wanted'
