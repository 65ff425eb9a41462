-- name: load_deliveries
-- What is known of these messages.
SELECT message_id, conversation_id, channel_id, author, queued_at, sent_at, delivered_at, read_at,
       failed_at, code
  FROM analytics.deliveries
 WHERE tenant_id = $1 AND generation = $2 AND message_id = ANY ($3::uuid[])

-- name: delete_deliveries
-- Removes the rows that are about to be replaced.
DELETE FROM analytics.deliveries
 WHERE tenant_id = $1 AND generation = $2 AND message_id = ANY ($3::uuid[])

-- name: insert_deliveries
-- Writes what is known of messages.
INSERT INTO analytics.deliveries
SELECT * FROM jsonb_populate_recordset(NULL::analytics.deliveries, $1::jsonb)

-- name: add_to_rollups
-- Adds $3 times what these messages contribute: -1 before they change, 1 afterwards.
INSERT INTO analytics.delivery_rollups (
    tenant_id, generation, grain, bucket, channel_id, author, failure, queued, sent, delivered,
    read, failed, send_ms, delivery_ms)
SELECT c.tenant_id, c.generation, b.grain, b.bucket, c.channel_id, c.author, c.failure,
       $3 * sum(c.queued), $3 * sum(c.sent), $3 * sum(c.delivered), $3 * sum(c.read),
       $3 * sum(c.failed), $3 * sum(c.send_ms), $3 * sum(c.delivery_ms)
  FROM analytics.delivery_contributions c
 CROSS JOIN LATERAL (VALUES ('hour', c.queued_hour), ('day', c.queued_day)) AS b (grain, bucket)
 WHERE c.tenant_id = $1 AND c.generation = $2 AND c.message_id = ANY ($4::uuid[])
 GROUP BY c.tenant_id, c.generation, b.grain, b.bucket, c.channel_id, c.author, c.failure
    ON CONFLICT (tenant_id, generation, grain, bucket, channel_id, author, failure) DO UPDATE
   SET queued = delivery_rollups.queued + excluded.queued,
       sent = delivery_rollups.sent + excluded.sent,
       delivered = delivery_rollups.delivered + excluded.delivered,
       read = delivery_rollups.read + excluded.read,
       failed = delivery_rollups.failed + excluded.failed,
       send_ms = delivery_rollups.send_ms + excluded.send_ms,
       delivery_ms = delivery_rollups.delivery_ms + excluded.delivery_ms

-- name: delete_some_deliveries
-- Deletes a part of an old generation.
DELETE FROM analytics.deliveries
 WHERE tenant_id = $1 AND generation = $2 AND message_id IN (
       SELECT message_id FROM analytics.deliveries
        WHERE tenant_id = $1 AND generation = $2 LIMIT $3)

-- name: delete_some_delivery_rollups
-- Deletes a part of an old generation.
DELETE FROM analytics.delivery_rollups
 WHERE tenant_id = $1 AND generation = $2
   AND (grain, bucket, channel_id, author, failure) IN (
       SELECT grain, bucket, channel_id, author, failure FROM analytics.delivery_rollups
        WHERE tenant_id = $1 AND generation = $2 LIMIT $3)
