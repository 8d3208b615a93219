-- What each rental is, for both databases alike. All of it follows from its number, so that they
-- agree with each other, and with whoever computes an id.

-- To compile these statements takes longer than to run them.
SET jit = off;

-- Like a UUID of version 7: the number stands where its milliseconds would.
CREATE FUNCTION pg_temp.id(n bigint, what integer, i bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    RETURN (lpad(to_hex(n), 12, '0') || '7' || lpad(to_hex(what), 3, '0')
            || '8000' || lpad(to_hex(i), 12, '0'))::uuid;

-- The rentals that are being loaded.
CREATE TEMP TABLE numbered (
    n               bigint,
    rental_id       uuid,
    story           text,
    status          text,
    is_waived       boolean,
    is_flagged      boolean,
    user_id         text,
    station_id      text,
    powerbank_id    text,
    price_per_hour  bigint,
    free_period_min integer,
    buyout          bigint,
    version         bigint,
    created_at      timestamptz,
    started_at      timestamptz,
    buyout_at       timestamptz,
    finished_at     timestamptz,
    total_amount    bigint,
    owed_since      timestamptz
);

CREATE FUNCTION pg_temp.number(
    first bigint, beyond bigint, rentals bigint, active bigint, due bigint, attempts bigint,
    waiting_one_in bigint, loaded_at timestamptz)
RETURNS void LANGUAGE sql AS $$
    TRUNCATE numbered;
    INSERT INTO numbered
    -- Materialized: what follows from a story would otherwise ask for it again and again.
    WITH told AS MATERIALIZED (
        SELECT n, is_active, is_active AND waits IS NOT DISTINCT FROM 'flagged' AS is_flagged,
               CASE WHEN n >= rentals - due THEN 'due'
                    WHEN is_active THEN 'running'
                    WHEN waits = 'refund owed' AND attempts = 0 THEN 'plain'
                    WHEN waits <> 'flagged' THEN waits
                    ELSE usual END AS story,
               CASE WHEN is_active OR waits IS NULL THEN usual = 'waived'
                    ELSE waits = 'hold left' END AS is_waived
        FROM generate_series(first, beyond - 1) AS n
        CROSS JOIN LATERAL (
            SELECT n >= rentals - active AS is_active,
                   CASE WHEN waiting_one_in > 0 THEN
                       (ARRAY['start begun', 'start stopped', 'start left', 'failed hold unknown',
                              'hold left', 'held late', 'releasing', 'release due', 'to copy',
                              'copy refused', 'to return', 'return refused', 'flagged',
                              'set aside', 'attempt left', 'debt resting', 'debt left',
                              'refund owed'])[n % waiting_one_in + 1] END AS waits,
                   CASE WHEN n % 100 = 10 THEN 'no deposit'
                        WHEN n % 100 = 20 THEN 'no power bank'
                        WHEN n % 100 = 30 THEN 'waived'
                        WHEN n % 50 = 40 THEN 'corrected'
                        WHEN attempts = 0 THEN 'plain'
                        WHEN n % 200 = 50 THEN 'bought out'
                        WHEN n % 50 = 25 THEN 'refund paid'
                        WHEN n % 25 = 24 THEN 'debt settled'
                        ELSE 'plain' END AS usual
        ) AS kinds
    ),
    termed AS MATERIALIZED (
        SELECT *,
               CASE WHEN is_active THEN 'ACTIVE'
                    WHEN story IN ('start begun', 'start stopped', 'start left') THEN 'PENDING'
                    WHEN story IN ('failed hold unknown', 'to copy', 'copy refused', 'no deposit',
                                   'no power bank') THEN 'FAILED'
                    WHEN story = 'bought out' THEN 'BUYOUT'
                    ELSE 'FINISHED' END AS status,
               -- One is due beyond those that were paid, or was paid beyond those that were due.
               CASE WHEN story IN ('attempt left', 'debt resting', 'debt left') THEN attempts + 1
                    WHEN story IN ('refund owed', 'refund paid') THEN attempts - 1
                    ELSE attempts END AS units,
               -- A unit falls due each minute; each hour, where nothing may fall due for a while.
               CASE WHEN story = 'running' THEN 1 ELSE 60 END AS price_per_hour,
               CASE WHEN story = 'running' AND attempts = 0 THEN 60 ELSE 0 END AS free_period_min,
               CASE WHEN story = 'bought out' THEN attempts ELSE 5000 END AS buyout
        FROM told
    ),
    timed AS MATERIALIZED (
        SELECT *,
               status IN ('ACTIVE', 'FINISHED', 'BUYOUT') AS has_started,
               status IN ('FINISHED', 'BUYOUT') AS has_ended,
               units * interval '1 minute' AS lasted,
               make_interval(secs => 3600 * (buyout - 1) / price_per_hour + 1) AS bought_out_after,
               CASE WHEN story = 'due' THEN
                        loaded_at - make_interval(secs => attempts * 60 + 45 + n % 15)
                    WHEN story = 'running' THEN
                        loaded_at - make_interval(
                            secs => greatest(attempts, 1) * 3600 - 1800 - n % 1800)
                    WHEN story = 'debt left' THEN loaded_at - interval '40 days'
                    WHEN story IN ('start begun', 'start stopped') THEN loaded_at
                    WHEN story = 'start left' THEN loaded_at - interval '2 days'
                    ELSE loaded_at - interval '2 hours' - units * interval '1 minute'
                         - (rentals - active - n) * interval '10 seconds' END AS begun_at
        FROM termed
    )
    SELECT n, pg_temp.id(n, 0, 0), story, status, is_waived, is_flagged,
           CASE WHEN is_waived THEN 'trusted-' || n ELSE 'user-' || n % (rentals / 10 + 1) END,
           'station-' || n % 500,
           CASE WHEN has_started THEN 'pb-' || n % (2 * active + 1) END,
           price_per_hour, free_period_min, buyout,
           CASE WHEN status = 'PENDING' THEN 0 WHEN has_ended THEN 2 ELSE 1 END,
           begun_at - interval '2 seconds',
           CASE WHEN has_started THEN begun_at END,
           CASE WHEN has_started THEN begun_at + bought_out_after END,
           CASE WHEN status = 'BUYOUT' THEN begun_at + bought_out_after
                WHEN has_ended THEN begun_at + lasted END,
           CASE WHEN has_ended THEN units END,
           CASE WHEN story = 'debt settled' THEN begun_at + lasted - interval '53 seconds'
                WHEN story IN ('debt resting', 'debt left') THEN
                    begun_at + lasted + interval '7 seconds' END
    FROM timed
$$;
