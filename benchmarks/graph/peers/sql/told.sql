-- $1 trips
SELECT n.trip_id,
       (array_agg(n.told_departure_at ORDER BY n.accepted_at DESC) FILTER (WHERE n.told_departure_at IS NOT NULL))[1] AS departure_at,
       (array_agg(n.told_gate ORDER BY n.accepted_at DESC) FILTER (WHERE n.told_gate IS NOT NULL))[1] AS gate,
       coalesce((array_agg(n.notification_type = 'CANCELLED' ORDER BY n.accepted_at DESC)
                 FILTER (WHERE n.notification_type IN ('CANCELLED', 'REINSTATED')))[1], false) AS cancelled,
       max(n.accepted_at) AS at
FROM notifications_log n
WHERE n.trip_id = ANY($1) AND n.accepted_at IS NOT NULL
GROUP BY n.trip_id
