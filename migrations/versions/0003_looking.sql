-- Looking with a budget: what a day cost each agency, who asked for a look, and how an airport fares.
-- Plain SQL for PostgreSQL 15 to 18. It is read by 0003_looking.py. Stop the release before: it does
-- not know the new event.

-- ------------------------------------------------------------------ flights
ALTER TABLE flights
  -- somebody outside asked for the look that is due: no budget and no calm airport lets it rest
  ADD COLUMN asked_at timestamptz,
  -- SHA-256 of the push that AeroAPI made last: the same one again asks for nothing new
  ADD COLUMN push_digest bytea CHECK (octet_length(push_digest) = 32);
CREATE INDEX flights_at_airport ON flights (origin, best_departure_at);

-- ------------------------------------------------------------------ what a day cost
CREATE TABLE aeroapi_days (
  day          date NOT NULL,
  agency_id    uuid NOT NULL REFERENCES agencies ON DELETE CASCADE,
  result_sets  numeric(14, 4) NOT NULL DEFAULT 0 CHECK (result_sets >= 0),
  cost_usd     numeric(14, 6) NOT NULL DEFAULT 0 CHECK (cost_usd >= 0),
  -- looks that the budget did not allow, and how many stages of looks rest
  rested       integer NOT NULL DEFAULT 0 CHECK (rested >= 0),
  level        integer NOT NULL DEFAULT 0 CHECK (level BETWEEN 0 AND 4),
  PRIMARY KEY (agency_id, day)
) WITH (fillfactor = 70);
INSERT INTO aeroapi_days (day, agency_id, result_sets, cost_usd)
  SELECT day, agency_id, sum(result_sets), sum(cost_usd) FROM aeroapi_usage GROUP BY 1, 2;
CREATE INDEX aeroapi_days_of_all ON aeroapi_days (day);

ALTER TABLE aeroapi_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE aeroapi_days FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON aeroapi_days USING (agency_id = current_agency_id()) WITH CHECK (agency_id = current_agency_id());
CREATE POLICY system_reads ON aeroapi_days FOR SELECT TO bauhaus_system USING (true);
GRANT SELECT, INSERT, UPDATE ON aeroapi_days TO bauhaus_app;
GRANT SELECT ON aeroapi_days TO bauhaus_system;

ALTER TABLE events
  DROP CONSTRAINT events_kind_check,
  ADD CONSTRAINT events_kind_check CHECK (kind IN ('TRIP_CREATED', 'TRIP_UPDATED', 'TRIP_STATUS_CHANGED', 'NOTIFICATION_UPDATED', 'SETTINGS_UPDATED', 'SENDING_PAUSED', 'SENDING_RESUMED', 'BUDGET_REACHED'));

-- ------------------------------------------------------------------ looks across agencies
-- The agencies of a flight with what each spent and may spend in a day; last, without an agency, what all spent together.
CREATE FUNCTION system_purses(flight uuid, wanted_day date) RETURNS TABLE (agency_id uuid, spent_usd numeric, budget_usd numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  (SELECT t.agency_id, coalesce(d.cost_usd, 0), s.daily_aeroapi_budget_usd
   FROM (SELECT DISTINCT agency_id FROM trips WHERE flight_id = flight AND archived_at IS NULL) t
   JOIN agencies_settings s ON s.agency_id = t.agency_id
   LEFT JOIN aeroapi_days d ON d.agency_id = t.agency_id AND d.day = wanted_day
   ORDER BY 1)
  UNION ALL
  SELECT NULL, coalesce(sum(d.cost_usd), 0), NULL FROM aeroapi_days d WHERE d.day = wanted_day
$$;

-- When the next message wants attention: due, of unknown fate, or unconfirmed. A replay's clock jumps there.
CREATE FUNCTION system_next_delivery() RETURNS TABLE (due_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT least((SELECT min(n.due_at) FROM notifications_log n WHERE n.status = 'PENDING'),
               (SELECT min(n.settle_at) FROM notifications_log n WHERE n.status = 'UNKNOWN'),
               (SELECT min(n.receipt_due_at) FROM notifications_log n WHERE n.receipt_due_at IS NOT NULL))
$$;

-- A function's new owner must be allowed to create in its schema for the moment in which it becomes the owner.
GRANT CREATE ON SCHEMA public TO bauhaus_system;
ALTER FUNCTION system_purses(uuid, date) OWNER TO bauhaus_system;
ALTER FUNCTION system_next_delivery() OWNER TO bauhaus_system;
REVOKE ALL ON FUNCTION system_purses(uuid, date), system_next_delivery() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION system_purses(uuid, date), system_next_delivery() TO bauhaus_app;
REVOKE CREATE ON SCHEMA public FROM bauhaus_system;

-- Nobody has called them since 0002.
DROP FUNCTION system_due_notifications(timestamptz, integer);
DROP FUNCTION system_attempt(text);
