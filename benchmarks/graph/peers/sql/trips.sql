-- $1 agency, $2 how many
SELECT t.id, t.reference, t.traveller_name AS name, t.phone, t.language, t.flight_id,
       CASE WHEN t.phase IN ('LANDED', 'ARRIVED') THEN 'LANDED'
            WHEN t.phase IN ('CANCELLED', 'DIVERTED') THEN t.phase
            WHEN t.phase = 'AIRBORNE' THEN 'IN_FLIGHT'
            WHEN t.phase = 'TAXIING_OUT' OR t.best_departure_at <= now() + interval '3 hours' THEN 'DEPARTING'
            ELSE 'UPCOMING' END AS status
FROM trips t
WHERE t.agency_id = $1 AND t.archived_at IS NULL
ORDER BY t.best_departure_at, t.id
LIMIT $2
