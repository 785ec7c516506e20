-- A key is asked with the moment of its last use, so that most requests write nothing about it.
-- Plain SQL for PostgreSQL 15 to 18. It is read by 0004_keys.py.

-- What a function returns cannot be changed in its place.
DROP FUNCTION system_key(text);
CREATE FUNCTION system_key(wanted text)
RETURNS TABLE (
  id uuid, agency_id uuid, name text, role text, secret_hash bytea, expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT k.id, k.agency_id, k.name, k.role, k.secret_hash, k.expires_at, k.revoked_at, k.last_used_at
  FROM api_keys k WHERE k.prefix = wanted
$$;

-- A function's new owner must be allowed to create in its schema for the moment in which it becomes the owner.
GRANT CREATE ON SCHEMA public TO bauhaus_system;
ALTER FUNCTION system_key(text) OWNER TO bauhaus_system;
REVOKE ALL ON FUNCTION system_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION system_key(text) TO bauhaus_app;
REVOKE CREATE ON SCHEMA public FROM bauhaus_system;
