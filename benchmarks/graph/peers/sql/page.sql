-- The whole answer as one text. $1 agency, $2 trips, $3 records of each, $4 notifications of each
WITH asked AS (
  SELECT t.id, t.reference, t.traveller_name, t.phone, t.language, t.flight_id, t.phase, t.best_departure_at
  FROM trips t
  WHERE t.agency_id = $1 AND t.archived_at IS NULL
  ORDER BY t.best_departure_at, t.id
  LIMIT $2 + 1
), paged AS (
  SELECT * FROM asked ORDER BY best_departure_at, id LIMIT $2
), nodes AS (
  SELECT t.best_departure_at, t.id, json_build_object(
    'id', t.id,
    'reference', t.reference,
    'status', CASE WHEN t.phase IN ('LANDED', 'ARRIVED') THEN 'LANDED'
                   WHEN t.phase IN ('CANCELLED', 'DIVERTED') THEN t.phase
                   WHEN t.phase = 'AIRBORNE' THEN 'IN_FLIGHT'
                   WHEN t.phase = 'TAXIING_OUT' OR t.best_departure_at <= now() + interval '3 hours' THEN 'DEPARTING'
                   ELSE 'UPCOMING' END,
    'traveller', json_build_object('name', t.traveller_name, 'phone', t.phone, 'language', t.language),
    'flight', json_build_object(
      'ident', f.ident,
      'phase', f.phase,
      'departure', json_build_object(
        'scheduledAt', f.booked_departure_at, 'estimatedAt', coalesce(f.estimated_out, f.estimated_off), 'actualAt', f.actual_out,
        'gate', f.gate_origin, 'terminal', f.terminal_origin,
        'airport', json_build_object('code', o.code, 'city', o.city, 'timezone', o.timezone)),
      'arrival', json_build_object(
        'scheduledAt', coalesce(f.scheduled_in, f.scheduled_on), 'estimatedAt', coalesce(f.estimated_in, f.estimated_on),
        'actualAt', f.actual_in, 'gate', f.gate_destination, 'terminal', f.terminal_destination,
        'airport', json_build_object('code', d.code, 'city', d.city, 'timezone', d.timezone)),
      'cancelled', f.cancelled,
      'diverted', f.diverted,
      'departureDelayMinutes', CAST(extract(epoch FROM f.best_departure_at - f.booked_departure_at) / 60 AS integer),
      'stale', coalesce(now() - f.next_check_at > interval '1 hour', false)),
    'told', (
      SELECT json_build_object(
        'departureAt', (array_agg(n.told_departure_at ORDER BY n.accepted_at DESC) FILTER (WHERE n.told_departure_at IS NOT NULL))[1],
        'gate', (array_agg(n.told_gate ORDER BY n.accepted_at DESC) FILTER (WHERE n.told_gate IS NOT NULL))[1],
        'cancelled', coalesce((array_agg(n.notification_type = 'CANCELLED' ORDER BY n.accepted_at DESC)
                               FILTER (WHERE n.notification_type IN ('CANCELLED', 'REINSTATED')))[1], false),
        'at', max(n.accepted_at))
      FROM notifications_log n WHERE n.trip_id = t.id AND n.accepted_at IS NOT NULL),
    'statusHistory', json_build_object('nodes', (
      SELECT coalesce(json_agg(json_build_object(
        'id', h.id, 'phase', h.phase, 'departureEstimatedAt', coalesce(h.estimated_out, h.estimated_off),
        'arrivalEstimatedAt', coalesce(h.estimated_in, h.estimated_on), 'gateOrigin', h.gate_origin, 'cancelled', h.cancelled,
        'source', h.source, 'recordedAt', h.recorded_at, 'changes', h.changes) ORDER BY h.ordinal DESC), '[]')
      FROM (
        SELECT r.id, r.ordinal, r.phase, r.estimated_out, r.estimated_off, r.estimated_in, r.estimated_on, r.gate_origin, r.cancelled,
               r.source, r.recorded_at, r.changes
        FROM flight_status_history r
        WHERE r.flight_id = t.flight_id AND (r.trip_id IS NULL OR r.trip_id = t.id)
        ORDER BY r.ordinal DESC
        LIMIT $3
      ) h)),
    'notifications', json_build_object('nodes', (
      SELECT coalesce(json_agg(json_build_object(
        'id', n.id, 'type', n.notification_type, 'status', n.status, 'reason', n.reason, 'channel', n.channel, 'body', n.body,
        'dueAt', n.due_at, 'acceptedAt', n.accepted_at, 'deliveredAt', n.delivered_at, 'readAt', n.read_at) ORDER BY n.ordinal DESC), '[]')
      FROM (
        SELECT l.id, l.ordinal, l.notification_type, l.status, l.reason, l.channel, l.body, l.due_at, l.accepted_at, l.delivered_at, l.read_at
        FROM notifications_log l
        WHERE l.trip_id = t.id
        ORDER BY l.ordinal DESC
        LIMIT $4
      ) n))
  ) AS node
  FROM paged t
  JOIN flights f ON f.id = t.flight_id
  JOIN benchmark_airports o ON o.icao = f.origin
  JOIN benchmark_airports d ON d.icao = coalesce(f.diverted_to, f.destination)
)
SELECT CAST(json_build_object('data', json_build_object('trips', json_build_object(
  'nodes', (SELECT json_agg(n.node ORDER BY n.best_departure_at, n.id) FROM nodes n),
  'pageInfo', json_build_object(
    'hasNextPage', (SELECT count(*) FROM asked) > $2,
    'endCursor', (SELECT encode(convert_to(n.best_departure_at || ' ' || n.id, 'UTF8'), 'base64')
                  FROM nodes n ORDER BY n.best_departure_at DESC, n.id DESC LIMIT 1))))) AS text)
