-- name: sums_of_rollups
-- Sums of messages that were queued in whole hours or days ($8), of one channel ($7) or all.
SELECT CASE $5 WHEN 'channel' THEN r.channel_id::text WHEN 'message_author' THEN r.author
               WHEN 'delivery_failure' THEN r.failure ELSE report_key($5, r.bucket, $6, '') END
           AS key,
       sum(r.queued)::bigint AS queued, sum(r.sent)::bigint AS sent,
       sum(r.delivered)::bigint AS delivered, sum(r.read)::bigint AS read,
       sum(r.failed)::bigint AS failed, sum(r.send_ms)::bigint AS send_ms,
       sum(r.delivery_ms)::bigint AS delivery_ms
  FROM analytics.delivery_rollups r
 WHERE r.tenant_id = $1 AND r.generation = $2 AND r.grain = $8
   AND r.bucket >= $3 AND r.bucket < $4
   AND ($5 <> 'delivery_failure' OR r.failure <> '')
   AND ($7::uuid IS NULL OR r.channel_id = $7)
 GROUP BY 1

-- name: sums_of_rows
-- The same from the rows, for any period and for the filters $8.
SELECT CASE $5 WHEN 'channel' THEN d.channel_id::text WHEN 'message_author' THEN d.author
               WHEN 'delivery_failure' THEN d.failure
               ELSE report_key($5, CASE $5 WHEN 'day' THEN d.queued_day ELSE d.queued_hour END,
                               $6, '') END AS key,
       sum(d.queued)::bigint AS queued, sum(d.sent)::bigint AS sent,
       sum(d.delivered)::bigint AS delivered, sum(d.read)::bigint AS read,
       sum(d.failed)::bigint AS failed, sum(d.send_ms)::bigint AS send_ms,
       sum(d.delivery_ms)::bigint AS delivery_ms
  FROM delivery_rows($1, $2, $3, $4, $7, $8::jsonb, $9) AS d
 WHERE $5 <> 'delivery_failure' OR d.failure <> ''
 GROUP BY 1

-- name: behind
-- A page of the conversations with such messages, latest opening first, up to $15 after ($16, $17).
WITH page AS MATERIALIZED (
    SELECT b.conversation_id, b.opened_at
      FROM conversations_behind_deliveries($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12,
                                           $13, $14) AS b
     WHERE ($16::timestamptz IS NULL OR (b.opened_at, b.conversation_id) < ($16, $17::uuid))
     ORDER BY b.opened_at DESC, b.conversation_id DESC LIMIT $15
)
SELECT s.* FROM page JOIN shown_conversations s
    ON s.tenant_id = $1 AND s.id = page.conversation_id
 ORDER BY page.opened_at DESC, page.conversation_id DESC

-- name: count_behind
-- The number of the same conversations, counted up to $15.
SELECT count(*)
  FROM (SELECT FROM conversations_behind_deliveries($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10,
                                                    $11, $12, $13, $14) LIMIT $15) AS counted
