-- $1 trips, $2 how many of each
SELECT t.id AS trip_id, h.id, h.phase, h.departure_estimated_at, h.arrival_estimated_at, h.gate_origin, h.cancelled, h.source,
       h.recorded_at, h.changes
FROM trips t
CROSS JOIN LATERAL (
  SELECT r.id, r.ordinal, r.phase, coalesce(r.estimated_out, r.estimated_off) AS departure_estimated_at,
         coalesce(r.estimated_in, r.estimated_on) AS arrival_estimated_at, r.gate_origin, r.cancelled, r.source, r.recorded_at, r.changes
  FROM flight_status_history r
  WHERE r.flight_id = t.flight_id AND (r.trip_id IS NULL OR r.trip_id = t.id)
  ORDER BY r.ordinal DESC
  LIMIT $2
) h
WHERE t.id = ANY($1)
ORDER BY t.id, h.ordinal DESC
