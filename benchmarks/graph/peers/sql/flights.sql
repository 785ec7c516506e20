-- $1 flights
SELECT f.id, f.ident, f.phase, f.origin, f.destination, f.cancelled, f.diverted,
       f.booked_departure_at AS departure_scheduled_at, coalesce(f.estimated_out, f.estimated_off) AS departure_estimated_at,
       f.actual_out AS departure_actual_at, f.gate_origin AS departure_gate, f.terminal_origin AS departure_terminal,
       coalesce(f.scheduled_in, f.scheduled_on) AS arrival_scheduled_at, coalesce(f.estimated_in, f.estimated_on) AS arrival_estimated_at,
       f.actual_in AS arrival_actual_at, f.gate_destination AS arrival_gate, f.terminal_destination AS arrival_terminal,
       CAST(extract(epoch FROM f.best_departure_at - f.booked_departure_at) / 60 AS integer) AS departure_delay_minutes,
       coalesce(now() - f.next_check_at > interval '1 hour', false) AS stale
FROM flights f
WHERE f.id = ANY($1)
