-- Delivery under faults: pauses of a sender, its pace, tries that do not count, and a timer for what nobody confirms.
-- Plain SQL for PostgreSQL 15 to 18. It is read by 0002_delivery.py. Stop the release before: it does
-- not know the new reasons and events. system_due_notifications and system_attempt stay for nobody and go with the next one.

-- ------------------------------------------------------------------ notifications
ALTER TABLE notifications_log
  DROP CONSTRAINT notifications_log_reason_check,
  ADD CONSTRAINT notifications_log_reason_check CHECK (reason IN ('QUIET_HOURS', 'HOURLY_LIMIT', 'DAILY_LIMIT', 'RETRYING', 'HELD_FOR_HUMAN', 'SENDER_PAUSED', 'NO_RECEIPT', 'OPTED_OUT', 'TYPE_DISABLED', 'BOOKED_LATE', 'SETTLED_BACK', 'NEWER_FACTS', 'NO_LONGER_USEFUL', 'INVALID_RECIPIENT', 'PROVIDER_REFUSED', 'ATTEMPTS_EXHAUSTED', 'TRIP_ARCHIVED', 'AGENCY_SUSPENDED', 'WITHDRAWN_BY_AGENT')),
  -- when somebody asks Twilio about a message that was sent and that no callback confirmed
  ADD COLUMN receipt_due_at timestamptz,
  ADD CONSTRAINT a_receipt_is_awaited_of_what_was_sent CHECK (status = 'SENT' OR receipt_due_at IS NULL);
CREATE INDEX notifications_due_of_agency ON notifications_log (agency_id, due_at) WHERE status = 'PENDING';
CREATE INDEX notifications_unconfirmed ON notifications_log (receipt_due_at) WHERE receipt_due_at IS NOT NULL;
CREATE INDEX notifications_unresolved ON notifications_log (recipient) WHERE status IN ('SENDING', 'UNKNOWN');

-- ------------------------------------------------------------------ attempts
ALTER TABLE delivery_attempts
  -- whether it is one of the tries that the agency allows
  ADD COLUMN counted boolean NOT NULL DEFAULT true,
  -- A look-up by text can take one of two equal texts for the other: then two tries name one message.
  DROP CONSTRAINT delivery_attempts_twilio_sid_key;
CREATE INDEX delivery_attempts_sid ON delivery_attempts (twilio_sid) WHERE twilio_sid IS NOT NULL;

-- ------------------------------------------------------------------ webhooks
-- Who works on a webhook has it for so long, by the database's clock.
ALTER TABLE webhook_inbox ADD COLUMN taken_until timestamptz;

-- ------------------------------------------------------------------ pauses
CREATE TABLE sending_pauses (
  agency_id      uuid NOT NULL REFERENCES agencies ON DELETE CASCADE,
  channel        text NOT NULL CHECK (channel IN ('WHATSAPP', 'SMS')),
  error_code     integer,
  error_message  text NOT NULL,
  paused_at      timestamptz NOT NULL,
  probe_at       timestamptz NOT NULL,
  probes         integer NOT NULL DEFAULT 0 CHECK (probes >= 0),
  -- Twilio takes such messages and refuses them later: only a receipt says that it works again.
  awaits_receipt boolean NOT NULL,
  PRIMARY KEY (agency_id, channel)
);
ALTER TABLE sending_pauses ENABLE ROW LEVEL SECURITY;
ALTER TABLE sending_pauses FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON sending_pauses USING (agency_id = current_agency_id()) WITH CHECK (agency_id = current_agency_id());
CREATE POLICY system_reads ON sending_pauses FOR SELECT TO bauhaus_system USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON sending_pauses TO bauhaus_app;
GRANT SELECT ON sending_pauses TO bauhaus_system;

ALTER TABLE events
  DROP CONSTRAINT events_kind_check,
  ADD CONSTRAINT events_kind_check CHECK (kind IN ('TRIP_CREATED', 'TRIP_UPDATED', 'TRIP_STATUS_CHANGED', 'NOTIFICATION_UPDATED', 'SETTINGS_UPDATED', 'SENDING_PAUSED', 'SENDING_RESUMED'));

-- ------------------------------------------------------------------ the pace of a sender, while Redis is away
-- Of machines, not of agencies: a sender is the process's. It may be lost, so it is not written to the log.
CREATE UNLOGGED TABLE sender_paces (
  sender   text PRIMARY KEY,
  free_at  timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON sender_paces TO bauhaus_app;

-- ------------------------------------------------------------------ looks across agencies
CREATE FUNCTION system_agencies_with_due(world_now timestamptz) RETURNS TABLE (agency_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT DISTINCT n.agency_id FROM notifications_log n WHERE n.status = 'PENDING' AND n.due_at <= world_now ORDER BY 1 $$;

-- Left behind by a worker by the database's own clock, or of unknown fate or unconfirmed by the world's.
CREATE FUNCTION system_deliveries_to_mend(world_now timestamptz, most integer) RETURNS TABLE (agency_id uuid, id uuid, status text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  (SELECT n.agency_id, n.id, n.status FROM notifications_log n WHERE n.status = 'SENDING' AND n.lease_until < clock_timestamp() ORDER BY n.lease_until LIMIT most)
  UNION ALL
  (SELECT n.agency_id, n.id, n.status FROM notifications_log n WHERE n.status = 'UNKNOWN' AND n.settle_at <= world_now ORDER BY n.settle_at LIMIT most)
  UNION ALL
  (SELECT n.agency_id, n.id, n.status FROM notifications_log n WHERE n.receipt_due_at <= world_now ORDER BY n.receipt_due_at LIMIT most)
$$;

-- Two agencies may write the same words to one phone from one sender: how many other tries may own a message that a
-- look-up finds, how many of those began earlier, and how many are so fresh that an answer or a callback may still come.
CREATE FUNCTION system_rivals(phone text, words text, notification uuid, began timestamptz, fresh_since timestamptz)
RETURNS TABLE (all_of_them bigint, earlier bigint, fresh bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT count(*), count(*) FILTER (WHERE (d.started_at, d.notification_id) < (began, notification)),
         count(*) FILTER (WHERE d.started_at > fresh_since)
  FROM notifications_log n
  JOIN LATERAL (SELECT a.notification_id, a.started_at FROM delivery_attempts a WHERE a.notification_id = n.id ORDER BY a.number DESC LIMIT 1) d ON true
  WHERE n.recipient = phone AND n.status IN ('SENDING', 'UNKNOWN') AND n.body = words AND n.id <> notification
    AND n.reason IS DISTINCT FROM 'HELD_FOR_HUMAN'
$$;

CREATE FUNCTION system_attempts(wanted text[]) RETURNS TABLE (token text, agency_id uuid, notification_id uuid, number integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT d.token, d.agency_id, d.notification_id, d.number FROM delivery_attempts d WHERE d.token = ANY(wanted) $$;

CREATE FUNCTION system_paused_senders() RETURNS TABLE (channel text, agencies bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT p.channel, count(*) FROM sending_pauses p GROUP BY p.channel ORDER BY 1 $$;

-- A function's new owner must be allowed to create in its schema for the moment in which it becomes the owner.
GRANT CREATE ON SCHEMA public TO bauhaus_system;
DO $$
DECLARE f regprocedure;
BEGIN
  FOREACH f IN ARRAY ARRAY[
    'system_agencies_with_due(timestamptz)', 'system_deliveries_to_mend(timestamptz, integer)',
    'system_rivals(text, text, uuid, timestamptz, timestamptz)', 'system_paused_senders()', 'system_attempts(text[])']::regprocedure[]
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO bauhaus_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO bauhaus_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA public FROM bauhaus_system;
