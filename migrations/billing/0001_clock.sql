-- The one clock of this database. Every statement asks it, none asks now():
-- STABLE, so that indexes serve it, and replaceable, so that tests can move time.
CREATE FUNCTION app_now() RETURNS timestamptz
    LANGUAGE sql STABLE
    RETURN now();

COMMENT ON FUNCTION app_now() IS 'The database''s time. Tests replace it to move time; nothing else does.';
