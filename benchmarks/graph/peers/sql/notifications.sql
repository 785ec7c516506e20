-- $1 trips, $2 how many of each
SELECT t.id AS trip_id, n.id, n.type, n.status, n.reason, n.channel, n.body, n.due_at, n.accepted_at, n.delivered_at, n.read_at
FROM trips t
CROSS JOIN LATERAL (
  SELECT l.id, l.ordinal, l.notification_type AS type, l.status, l.reason, l.channel, l.body, l.due_at, l.accepted_at, l.delivered_at,
         l.read_at
  FROM notifications_log l
  WHERE l.trip_id = t.id
  ORDER BY l.ordinal DESC
  LIMIT $2
) n
WHERE t.id = ANY($1)
ORDER BY t.id, n.ordinal DESC
