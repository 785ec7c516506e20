-- The first revision: every table, its constraints, its row-level security and the roles behind it.
-- Plain SQL for PostgreSQL 15 to 18. It is read by 0001_the_house.py.

-- ------------------------------------------------------------------ roles
-- bauhaus_app is what server and worker are: it owns nothing and is bound by every policy.
-- bauhaus_system owns the few functions that look across agencies; nobody logs in as it.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bauhaus_app') THEN
    CREATE ROLE bauhaus_app NOLOGIN NOBYPASSRLS;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bauhaus_system') THEN
    CREATE ROLE bauhaus_system NOLOGIN NOBYPASSRLS;
  END IF;
  IF NOT pg_has_role(current_user, 'bauhaus_system', 'MEMBER') OR NOT pg_has_role(current_user, 'bauhaus_system', 'USAGE') THEN
    EXECUTE format('GRANT bauhaus_system TO %I', current_user);
  END IF;
END $$;

GRANT USAGE ON SCHEMA public TO bauhaus_app, bauhaus_system;

-- The agency of the running transaction; NULL outside of one, so that every policy then shows nothing.
CREATE FUNCTION current_agency_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('app.agency_id', true), '')::uuid $$;

CREATE FUNCTION is_timezone(name text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
  PERFORM timestamptz '2000-01-01 00:00:00+00' AT TIME ZONE name;
  RETURN name ~ '^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$';
EXCEPTION WHEN invalid_parameter_value THEN
  RETURN false;
END $$;

-- ------------------------------------------------------------------ agencies
CREATE TABLE agencies (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  email       text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
  phone       text CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
  country     text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  status      text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'SUSPENDED', 'PENDING')),
  created_at  timestamptz NOT NULL
);

CREATE TABLE agencies_settings (
  agency_id                            uuid PRIMARY KEY REFERENCES agencies ON DELETE CASCADE,
  quiet_hours_start                    time NOT NULL DEFAULT '22:00',
  quiet_hours_end                      time NOT NULL DEFAULT '09:00',
  timezone_override                    text CHECK (is_timezone(timezone_override)),
  boarding_notification_offset_minutes integer NOT NULL DEFAULT 90 CHECK (boarding_notification_offset_minutes BETWEEN 15 AND 360),
  landing_notification_enabled         boolean NOT NULL DEFAULT true,
  reminder_24h_enabled                 boolean NOT NULL DEFAULT true,
  delay_threshold_minutes              integer NOT NULL DEFAULT 15 CHECK (delay_threshold_minutes BETWEEN 5 AND 240),
  max_retry_attempts                   integer NOT NULL DEFAULT 3 CHECK (max_retry_attempts BETWEEN 1 AND 10),
  retry_initial_delay_seconds          integer NOT NULL DEFAULT 5 CHECK (retry_initial_delay_seconds BETWEEN 1 AND 3600),
  retry_backoff_factor                 numeric(4, 2) NOT NULL DEFAULT 2.0 CHECK (retry_backoff_factor BETWEEN 1 AND 10),
  retry_max_delay_seconds              integer NOT NULL DEFAULT 300 CHECK (retry_max_delay_seconds BETWEEN 1 AND 86400),
  max_notifications_per_hour           integer NOT NULL DEFAULT 50 CHECK (max_notifications_per_hour BETWEEN 1 AND 100000),
  max_notifications_per_day            integer NOT NULL DEFAULT 200 CHECK (max_notifications_per_day BETWEEN 1 AND 1000000),
  language                             text NOT NULL DEFAULT 'ES' CHECK (language IN ('ES', 'EN', 'PT')),
  on_unknown_delivery                  text NOT NULL DEFAULT 'RESEND_AFTER_SETTLING' CHECK (on_unknown_delivery IN ('RESEND_AFTER_SETTLING', 'HOLD_FOR_HUMAN')),
  daily_aeroapi_budget_usd             numeric(10, 2) CHECK (daily_aeroapi_budget_usd BETWEEN 0 AND 1000000),
  features                             jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(features) = 'object'),
  version                              integer NOT NULL DEFAULT 1 CHECK (version >= 1),
  planned_version                      integer NOT NULL DEFAULT 1,
  updated_at                           timestamptz NOT NULL,
  CONSTRAINT day_is_not_less_than_hour CHECK (max_notifications_per_day >= max_notifications_per_hour),
  CONSTRAINT cap_is_not_less_than_first_delay CHECK (retry_max_delay_seconds >= retry_initial_delay_seconds)
);
CREATE INDEX agencies_settings_to_replan ON agencies_settings (agency_id) WHERE planned_version < version;

CREATE TABLE api_keys (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  agency_id    uuid NOT NULL REFERENCES agencies ON DELETE CASCADE,
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  role         text NOT NULL CHECK (role IN ('VIEWER', 'AGENT', 'ADMIN')),
  prefix       text NOT NULL UNIQUE,
  secret_hash  bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
  created_at   timestamptz NOT NULL,
  last_used_at timestamptz,
  expires_at   timestamptz,
  revoked_at   timestamptz
);
CREATE INDEX api_keys_agency ON api_keys (agency_id);

-- ------------------------------------------------------------------ flights
-- One row per dated operation, shared by all trips and agencies. What was booked is never overwritten.
CREATE TABLE flights (
  id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  ident                  text NOT NULL CHECK (ident ~ '^[A-Z0-9]{3,8}$'),
  origin                 text NOT NULL,
  destination            text NOT NULL CHECK (destination <> origin),
  booked_departure_at    timestamptz NOT NULL,
  ident_icao             text,
  ident_iata             text,
  fa_flight_id           text,
  -- the newest state of the source
  scheduled_out          timestamptz,
  estimated_out          timestamptz,
  actual_out             timestamptz,
  scheduled_off          timestamptz,
  estimated_off          timestamptz,
  actual_off             timestamptz,
  scheduled_on           timestamptz,
  estimated_on           timestamptz,
  actual_on              timestamptz,
  scheduled_in           timestamptz,
  estimated_in           timestamptz,
  actual_in              timestamptz,
  gate_origin            text,
  gate_destination       text,
  terminal_origin        text,
  terminal_destination   text,
  baggage_claim          text,
  cancelled              boolean NOT NULL DEFAULT false,
  diverted               boolean NOT NULL DEFAULT false,
  diverted_to            text,
  filed_ete_seconds      integer,
  progress_percent       integer,
  -- what follows from it, kept for filters and order
  phase                  text NOT NULL DEFAULT 'UNKNOWN' CHECK (phase IN ('SCHEDULED', 'TAXIING_OUT', 'AIRBORNE', 'LANDED', 'ARRIVED', 'CANCELLED', 'DIVERTED', 'UNKNOWN')),
  best_departure_at      timestamptz NOT NULL,
  cancelled_seen_at      timestamptz,
  -- looking
  watch                  text NOT NULL DEFAULT 'DEPARTURE' CHECK (watch IN ('DEPARTURE', 'LANDING', 'DONE')),
  next_check_at          timestamptz,
  last_checked_at        timestamptz,
  last_good_at           timestamptz,
  checks                 integer NOT NULL DEFAULT 0,
  consecutive_failures   integer NOT NULL DEFAULT 0,
  last_failure           text,
  pushed_at              timestamptz,
  created_at             timestamptz NOT NULL,
  UNIQUE (ident, origin, destination, booked_departure_at),
  CONSTRAINT done_is_never_due CHECK ((watch = 'DONE') = (next_check_at IS NULL))
);
CREATE INDEX flights_due ON flights (watch, next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX flights_pinned ON flights (fa_flight_id) WHERE fa_flight_id IS NOT NULL;

-- ------------------------------------------------------------------ trips
CREATE TABLE trips (
  id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  agency_id        uuid NOT NULL REFERENCES agencies ON DELETE CASCADE,
  flight_id        uuid NOT NULL REFERENCES flights,
  traveller_name   text NOT NULL CHECK (length(traveller_name) BETWEEN 1 AND 120),
  phone            text NOT NULL CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
  language         text NOT NULL CHECK (language IN ('ES', 'EN', 'PT')),
  reference        text CHECK (length(reference) BETWEEN 1 AND 100),
  lodging          text CHECK (length(lodging) BETWEEN 1 AND 300),
  notes            text CHECK (length(notes) BETWEEN 1 AND 2000),
  -- The gate that counts as known to the traveller before the first message about a gate.
  first_gate       text,
  -- How the flight counts for this trip, with what was written by hand; kept for filters and order.
  phase            text NOT NULL DEFAULT 'UNKNOWN' CHECK (phase IN ('SCHEDULED', 'TAXIING_OUT', 'AIRBORNE', 'LANDED', 'ARRIVED', 'CANCELLED', 'DIVERTED', 'UNKNOWN')),
  best_departure_at timestamptz NOT NULL,
  idempotency_key  text CHECK (length(idempotency_key) BETWEEN 1 AND 200),
  request_hash     bytea,
  -- when the agency chose this flight: at first, or when it moved the trip here
  booked_at        timestamptz NOT NULL,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  archived_at      timestamptz,
  UNIQUE (agency_id, id)
);
CREATE UNIQUE INDEX trips_one_per_traveller_and_flight ON trips (agency_id, phone, flight_id) WHERE archived_at IS NULL;
CREATE UNIQUE INDEX trips_idempotency ON trips (agency_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX trips_by_flight ON trips (flight_id, agency_id);
CREATE INDEX trips_by_departure ON trips (agency_id, best_departure_at, id);
CREATE INDEX trips_by_creation ON trips (agency_id, created_at, id);
CREATE INDEX trips_by_update ON trips (agency_id, updated_at, id);
CREATE INDEX trips_by_phone ON trips (phone);

-- ------------------------------------------------------------------ history
CREATE TABLE flight_status_history (
  id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  ordinal                bigint GENERATED ALWAYS AS IDENTITY,
  flight_id              uuid NOT NULL REFERENCES flights,
  -- Both are set for a record written by hand: it counts for that agency's trip only.
  agency_id              uuid REFERENCES agencies ON DELETE CASCADE,
  trip_id                uuid,
  source                 text NOT NULL CHECK (source IN ('AEROAPI', 'WEBHOOK', 'MANUAL')),
  phase                  text NOT NULL CHECK (phase IN ('SCHEDULED', 'TAXIING_OUT', 'AIRBORNE', 'LANDED', 'ARRIVED', 'CANCELLED', 'DIVERTED', 'UNKNOWN')),
  scheduled_out          timestamptz,
  estimated_out          timestamptz,
  actual_out             timestamptz,
  scheduled_off          timestamptz,
  estimated_off          timestamptz,
  actual_off             timestamptz,
  scheduled_on           timestamptz,
  estimated_on           timestamptz,
  actual_on              timestamptz,
  scheduled_in           timestamptz,
  estimated_in           timestamptz,
  actual_in              timestamptz,
  gate_origin            text,
  gate_destination       text,
  terminal_origin        text,
  terminal_destination   text,
  baggage_claim          text,
  cancelled              boolean NOT NULL,
  diverted               boolean NOT NULL,
  diverted_to            text,
  filed_ete_seconds      integer,
  progress_percent       integer,
  changes                jsonb NOT NULL CHECK (jsonb_typeof(changes) = 'array'),
  raw                    jsonb,
  recorded_at            timestamptz NOT NULL,
  FOREIGN KEY (agency_id, trip_id) REFERENCES trips (agency_id, id) ON DELETE CASCADE,
  CONSTRAINT manual_belongs_to_a_trip CHECK ((source = 'MANUAL') = (trip_id IS NOT NULL) AND (trip_id IS NULL) = (agency_id IS NULL))
);
CREATE INDEX flight_status_history_of_flight ON flight_status_history (flight_id, ordinal DESC);
CREATE INDEX flight_status_history_of_trip ON flight_status_history (trip_id, ordinal DESC) WHERE trip_id IS NOT NULL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE TRIGGER flight_status_history_is_append_only BEFORE UPDATE ON flight_status_history
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The newest record that counts for a trip: of its flight, or written by hand for it. It obeys the caller's policies.
CREATE FUNCTION get_latest_flight_status(trip uuid) RETURNS SETOF flight_status_history LANGUAGE sql STABLE
AS $$
  SELECT h.* FROM trips t
  JOIN flight_status_history h ON h.flight_id = t.flight_id AND (h.trip_id IS NULL OR h.trip_id = t.id)
  WHERE t.id = trip
  ORDER BY h.ordinal DESC
  LIMIT 1
$$;

-- ------------------------------------------------------------------ notifications
CREATE TABLE notifications_log (
  id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  ordinal            bigint GENERATED ALWAYS AS IDENTITY,
  agency_id          uuid NOT NULL REFERENCES agencies ON DELETE CASCADE,
  trip_id            uuid,
  -- the flight it speaks of: a trip may be moved to another one
  flight_id          uuid REFERENCES flights,
  notification_type  text NOT NULL CHECK (notification_type IN ('RESERVATION_CONFIRMATION', 'REMINDER_24H', 'DELAYED', 'EARLIER', 'GATE_CHANGE', 'CANCELLED', 'REINSTATED', 'DIVERTED', 'BOARDING', 'LANDING_WELCOME', 'TEST')),
  idempotency_hash   bytea NOT NULL CHECK (octet_length(idempotency_hash) = 32),
  status             text NOT NULL CHECK (status IN ('PENDING', 'SENDING', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ', 'UNDELIVERED', 'FAILED', 'SUPPRESSED', 'SUPERSEDED', 'EXPIRED', 'WITHDRAWN')),
  reason             text CHECK (reason IN ('QUIET_HOURS', 'HOURLY_LIMIT', 'DAILY_LIMIT', 'RETRYING', 'HELD_FOR_HUMAN', 'OPTED_OUT', 'TYPE_DISABLED', 'BOOKED_LATE', 'SETTLED_BACK', 'NEWER_FACTS', 'NO_LONGER_USEFUL', 'INVALID_RECIPIENT', 'PROVIDER_REFUSED', 'ATTEMPTS_EXHAUSTED', 'TRIP_ARCHIVED', 'AGENCY_SUSPENDED', 'WITHDRAWN_BY_AGENT')),
  due_at             timestamptz NOT NULL,
  expires_at         timestamptz NOT NULL,
  -- what the traveller knows after reading it
  told_departure_at  timestamptz,
  told_gate          text,
  told_airport       text,
  channel            text NOT NULL CHECK (channel IN ('WHATSAPP', 'SMS')),
  language           text NOT NULL CHECK (language IN ('ES', 'EN', 'PT')),
  recipient          text NOT NULL CHECK (recipient ~ '^\+[1-9][0-9]{6,14}$'),
  body               text NOT NULL,
  caused_by_id       uuid REFERENCES flight_status_history,
  -- delivering
  fence              bigint NOT NULL DEFAULT 0,
  lease_until        timestamptz,
  settle_at          timestamptz,
  accepted_at        timestamptz,
  delivered_at       timestamptz,
  read_at            timestamptz,
  created_at         timestamptz NOT NULL,
  updated_at         timestamptz NOT NULL,
  UNIQUE (trip_id, notification_type, idempotency_hash),
  UNIQUE (agency_id, id),
  FOREIGN KEY (agency_id, trip_id) REFERENCES trips (agency_id, id) ON DELETE CASCADE,
  CONSTRAINT only_a_test_has_no_trip CHECK ((notification_type = 'TEST') = (trip_id IS NULL) AND (trip_id IS NULL) = (flight_id IS NULL)),
  CONSTRAINT a_lease_is_for_sending CHECK ((status = 'SENDING') = (lease_until IS NOT NULL)),
  CONSTRAINT a_settling_time_is_for_unknown CHECK (status = 'UNKNOWN' OR settle_at IS NULL),
  CONSTRAINT an_end_without_telling_has_a_reason CHECK (status NOT IN ('FAILED', 'UNDELIVERED', 'SUPPRESSED', 'SUPERSEDED', 'EXPIRED', 'WITHDRAWN') OR reason IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX notifications_due ON notifications_log (due_at) WHERE status = 'PENDING';
CREATE INDEX notifications_sending ON notifications_log (lease_until) WHERE status = 'SENDING';
CREATE INDEX notifications_unknown ON notifications_log (settle_at) WHERE status = 'UNKNOWN';
CREATE INDEX notifications_of_agency ON notifications_log (agency_id, ordinal);
CREATE INDEX notifications_of_trip ON notifications_log (trip_id, ordinal);

CREATE TABLE delivery_attempts (
  notification_id  uuid NOT NULL,
  agency_id        uuid NOT NULL,
  number           integer NOT NULL CHECK (number >= 1),
  fence            bigint NOT NULL,
  token            text NOT NULL UNIQUE,
  channel          text NOT NULL CHECK (channel IN ('WHATSAPP', 'SMS')),
  -- the approved template it went by; then Twilio's text may differ from ours
  content_sid      text,
  started_at       timestamptz NOT NULL,
  finished_at      timestamptz,
  outcome          text NOT NULL DEFAULT 'IN_FLIGHT' CHECK (outcome IN ('IN_FLIGHT', 'ACCEPTED', 'REFUSED', 'RETRYABLE', 'UNKNOWN')),
  http_status      integer,
  error_code       integer,
  error_message    text,
  twilio_sid       text UNIQUE,
  PRIMARY KEY (notification_id, number),
  FOREIGN KEY (agency_id, notification_id) REFERENCES notifications_log (agency_id, id) ON DELETE CASCADE
);
CREATE INDEX delivery_attempts_of_agency ON delivery_attempts (agency_id, started_at);

CREATE TABLE opt_outs (
  agency_id   uuid NOT NULL REFERENCES agencies ON DELETE CASCADE,
  phone       text NOT NULL CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
  source      text NOT NULL CHECK (source IN ('TRAVELLER', 'AGENCY', 'CARRIER')),
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (agency_id, phone)
);

CREATE TABLE inbound_messages (
  agency_id    uuid NOT NULL REFERENCES agencies ON DELETE CASCADE,
  message_sid  text NOT NULL,
  phone        text NOT NULL,
  channel      text NOT NULL CHECK (channel IN ('WHATSAPP', 'SMS')),
  body         text NOT NULL,
  received_at  timestamptz NOT NULL,
  PRIMARY KEY (agency_id, message_sid)
);
CREATE INDEX inbound_messages_of_phone ON inbound_messages (agency_id, phone, received_at DESC);

-- A row without an agency is the default of all.
CREATE TABLE message_templates (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  agency_id    uuid REFERENCES agencies ON DELETE CASCADE,
  notification_type text NOT NULL CHECK (notification_type IN ('RESERVATION_CONFIRMATION', 'REMINDER_24H', 'DELAYED', 'EARLIER', 'GATE_CHANGE', 'CANCELLED', 'REINSTATED', 'DIVERTED', 'BOARDING', 'LANDING_WELCOME', 'TEST')),
  language     text NOT NULL CHECK (language IN ('ES', 'EN', 'PT')),
  content_sid  text CHECK (content_sid ~ '^HX[0-9a-f]{32}$'),
  body         text CHECK (length(body) BETWEEN 1 AND 1600),
  updated_at   timestamptz NOT NULL,
  UNIQUE NULLS NOT DISTINCT (agency_id, notification_type, language)
);

-- ------------------------------------------------------------------ the feed
CREATE TABLE feed_heads (
  agency_id  uuid PRIMARY KEY REFERENCES agencies ON DELETE CASCADE,
  sequence   bigint NOT NULL DEFAULT 0,
  oldest     bigint NOT NULL DEFAULT 1
);
CREATE TABLE events (
  agency_id        uuid NOT NULL REFERENCES agencies ON DELETE CASCADE,
  sequence         bigint NOT NULL CHECK (sequence >= 1),
  kind             text NOT NULL CHECK (kind IN ('TRIP_CREATED', 'TRIP_UPDATED', 'TRIP_STATUS_CHANGED', 'NOTIFICATION_UPDATED', 'SETTINGS_UPDATED')),
  trip_id          uuid,
  record_id        uuid,
  notification_id  uuid,
  occurred_at      timestamptz NOT NULL,
  PRIMARY KEY (agency_id, sequence)
);
CREATE INDEX events_of_record ON events (record_id, agency_id) WHERE record_id IS NOT NULL;

-- ------------------------------------------------------------------ what comes in, what it costs
CREATE TABLE webhook_inbox (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider      text NOT NULL CHECK (provider IN ('TWILIO_STATUS', 'TWILIO_INBOUND')),
  dedupe_key    text NOT NULL,
  body          jsonb NOT NULL,
  received_at   timestamptz NOT NULL,
  processed_at  timestamptz,
  UNIQUE (provider, dedupe_key)
);
CREATE INDEX webhook_inbox_waiting ON webhook_inbox (id) WHERE processed_at IS NULL;

CREATE TABLE aeroapi_usage (
  day          date NOT NULL,
  flight_id    uuid NOT NULL REFERENCES flights,
  agency_id    uuid NOT NULL REFERENCES agencies ON DELETE CASCADE,
  result_sets  numeric(12, 4) NOT NULL CHECK (result_sets >= 0),
  cost_usd     numeric(12, 6) NOT NULL CHECK (cost_usd >= 0),
  PRIMARY KEY (agency_id, day, flight_id)
);

-- ------------------------------------------------------------------ row-level security
DO $$
DECLARE tenant record;
BEGIN
  FOR tenant IN
    SELECT * FROM (VALUES
      ('agencies', 'id'), ('agencies_settings', 'agency_id'), ('api_keys', 'agency_id'), ('trips', 'agency_id'),
      ('notifications_log', 'agency_id'), ('delivery_attempts', 'agency_id'), ('opt_outs', 'agency_id'),
      ('inbound_messages', 'agency_id'), ('feed_heads', 'agency_id'), ('events', 'agency_id'), ('aeroapi_usage', 'agency_id')
    ) AS t(name, key)
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant.name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant.name);
    EXECUTE format('CREATE POLICY own_agency ON %I USING (%I = current_agency_id()) WITH CHECK (%I = current_agency_id())',
                   tenant.name, tenant.key, tenant.key);
  END LOOP;
END $$;

-- What the source says of a flight is seen by every agency, what a person wrote by hand only by its own. Outside of an
-- agency's transaction nothing can be written by hand, and inside of one nothing in another agency's name.
ALTER TABLE flight_status_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE flight_status_history FORCE ROW LEVEL SECURITY;
CREATE POLICY shared_or_own ON flight_status_history
  USING (agency_id IS NULL OR agency_id = current_agency_id())
  WITH CHECK (agency_id IS NULL OR agency_id = current_agency_id());

ALTER TABLE message_templates ENABLE ROW LEVEL SECURITY;
ALTER TABLE message_templates FORCE ROW LEVEL SECURITY;
CREATE POLICY default_or_own ON message_templates USING (agency_id IS NULL OR agency_id = current_agency_id());
CREATE POLICY only_own_insert ON message_templates AS RESTRICTIVE FOR INSERT TO bauhaus_app WITH CHECK (agency_id = current_agency_id());
CREATE POLICY only_own_update ON message_templates AS RESTRICTIVE FOR UPDATE TO bauhaus_app USING (agency_id = current_agency_id());
CREATE POLICY only_own_delete ON message_templates AS RESTRICTIVE FOR DELETE TO bauhaus_app USING (agency_id = current_agency_id());

GRANT SELECT, INSERT, UPDATE ON agencies, agencies_settings, api_keys, flights, trips, notifications_log, delivery_attempts,
  feed_heads, webhook_inbox, aeroapi_usage, message_templates TO bauhaus_app;
GRANT SELECT, INSERT ON flight_status_history, inbound_messages, events, opt_outs TO bauhaus_app;
GRANT DELETE ON opt_outs, events, webhook_inbox, message_templates TO bauhaus_app;

-- ------------------------------------------------------------------ the few looks across agencies
-- Each answers with ids only (a key also with what proves it), so that all else happens inside an agency's own transaction.
GRANT SELECT ON agencies, agencies_settings, api_keys, trips, notifications_log, delivery_attempts, aeroapi_usage TO bauhaus_system;
DO $$
DECLARE seen text;
BEGIN
  FOREACH seen IN ARRAY ARRAY['agencies', 'agencies_settings', 'api_keys', 'trips', 'notifications_log', 'delivery_attempts', 'aeroapi_usage']
  LOOP
    EXECUTE format('CREATE POLICY system_reads ON %I FOR SELECT TO bauhaus_system USING (true)', seen);
  END LOOP;
END $$;

CREATE FUNCTION system_agencies() RETURNS TABLE (id uuid, name text, status text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT a.id, a.name, a.status FROM agencies a ORDER BY a.created_at, a.id $$;

CREATE FUNCTION system_key(wanted text)
RETURNS TABLE (id uuid, agency_id uuid, name text, role text, secret_hash bytea, expires_at timestamptz, revoked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT k.id, k.agency_id, k.name, k.role, k.secret_hash, k.expires_at, k.revoked_at FROM api_keys k WHERE k.prefix = wanted $$;

CREATE FUNCTION system_agencies_on_flight(wanted uuid) RETURNS TABLE (agency_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT DISTINCT t.agency_id FROM trips t WHERE t.flight_id = wanted AND t.archived_at IS NULL ORDER BY 1 $$;

CREATE FUNCTION system_agencies_of_phone(wanted text) RETURNS TABLE (agency_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT DISTINCT t.agency_id FROM trips t WHERE t.phone = wanted ORDER BY 1 $$;

CREATE FUNCTION system_agencies_to_replan(most integer) RETURNS TABLE (agency_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT s.agency_id FROM agencies_settings s WHERE s.planned_version < s.version ORDER BY 1 LIMIT most $$;

-- Due by the world's clock, or left behind by a worker by the database's own clock.
CREATE FUNCTION system_due_notifications(world_now timestamptz, most integer) RETURNS TABLE (agency_id uuid, id uuid, status text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  (SELECT n.agency_id, n.id, n.status FROM notifications_log n WHERE n.status = 'PENDING' AND n.due_at <= world_now ORDER BY n.due_at LIMIT most)
  UNION ALL
  (SELECT n.agency_id, n.id, n.status FROM notifications_log n WHERE n.status = 'SENDING' AND n.lease_until < clock_timestamp() ORDER BY n.lease_until LIMIT most)
  UNION ALL
  (SELECT n.agency_id, n.id, n.status FROM notifications_log n WHERE n.status = 'UNKNOWN' AND n.settle_at <= world_now ORDER BY n.settle_at LIMIT most)
$$;

CREATE FUNCTION system_attempt(wanted text) RETURNS TABLE (agency_id uuid, notification_id uuid, number integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT d.agency_id, d.notification_id, d.number FROM delivery_attempts d WHERE d.token = wanted $$;

-- Two agencies may share a sender and a text: whose a message is, its SID decides.
CREATE FUNCTION system_known_sids(wanted text[]) RETURNS TABLE (twilio_sid text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT d.twilio_sid FROM delivery_attempts d WHERE d.twilio_sid = ANY(wanted) $$;

CREATE FUNCTION system_backlog(world_now timestamptz) RETURNS TABLE (pending bigint, oldest_due_seconds double precision, sending bigint, unknown bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT count(*) FILTER (WHERE n.status = 'PENDING' AND n.due_at <= world_now),
         coalesce(extract(epoch FROM world_now - min(n.due_at) FILTER (WHERE n.status = 'PENDING' AND n.due_at <= world_now)), 0)::double precision,
         count(*) FILTER (WHERE n.status = 'SENDING'),
         count(*) FILTER (WHERE n.status = 'UNKNOWN')
  FROM notifications_log n WHERE n.status IN ('PENDING', 'SENDING', 'UNKNOWN')
$$;

-- A function's new owner must be allowed to create in its schema for the moment in which it becomes the owner.
GRANT CREATE ON SCHEMA public TO bauhaus_system;
DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
           WHERE n.nspname = 'public' AND p.proname LIKE 'system\_%'
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO bauhaus_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO bauhaus_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA public FROM bauhaus_system;
