-- What db-rental has of the numbered rentals.
CREATE FUNCTION pg_temp.load(attempts bigint, loaded_at timestamptz)
RETURNS void LANGUAGE sql AS $$
    -- Kept for a day, and purged a little late. Every third quote was not taken.
    INSERT INTO quotes (
        quote_id, user_id, station_id, tariff_id, price_per_hour, free_period_min, deposit, buyout,
        trusted, has_subscription, created_at, expires_at)
    SELECT pg_temp.id(n, 1, i), user_id, station_id, 'tariff-' || n % 20, price_per_hour,
           free_period_min, 500, buyout, is_waived, false, created_at - interval '20 seconds',
           created_at + interval '40 seconds'
    FROM numbered CROSS JOIN generate_series(0, 1 - n % 2) AS i
    WHERE created_at > loaded_at - interval '25 hours';

    INSERT INTO rentals (
        rental_id, quote_id, user_id, station_id, tariff_id, price_per_hour, free_period_min,
        deposit, buyout, trusted, has_subscription, status, version, created_at, powerbank_id,
        started_at, buyout_at, finished_at, total_amount, stop_station_id, hold_status, hold_id,
        hold_expires_at, held_late, deposit_waived, release_id, release_expires_at, eject_id,
        eject_expires_at, lease_token, lease_until, flagged_at, flag_reason)
    SELECT rental_id, pg_temp.id(n, 1, 0), user_id, station_id, 'tariff-' || n % 20,
           price_per_hour, free_period_min, 500, buyout, is_waived, false, status, version,
           created_at, powerbank_id, started_at, buyout_at, finished_at, total_amount,
           CASE WHEN status = 'FINISHED' THEN station_id END,
           hold_status, pg_temp.id(n, 2, 0), expires_at, story = 'held late', is_waived,
           CASE WHEN is_released THEN pg_temp.id(n, 3, 0) END,
           CASE WHEN is_released THEN expires_at + interval '23 hours' END,
           CASE WHEN has_ejected THEN pg_temp.id(n, 4, 0) END,
           CASE WHEN has_ejected THEN expires_at END,
           CASE WHEN story = 'start begun' THEN pg_temp.id(n, 5, 0) END,
           CASE WHEN status = 'PENDING' THEN expires_at END,
           CASE WHEN is_flagged THEN loaded_at END,
           CASE WHEN is_flagged THEN 'its power bank was ejected again' END
    FROM numbered
    CROSS JOIN LATERAL (
        SELECT CASE WHEN story IN ('start begun', 'failed hold unknown', 'hold left')
                        THEN 'REQUESTED'
                    WHEN is_waived OR story = 'no deposit' THEN 'DECLINED'
                    WHEN status IN ('PENDING', 'ACTIVE')
                         OR story IN ('held late', 'release due', 'set aside', 'attempt left',
                                      'debt resting', 'debt left') THEN 'HELD'
                    WHEN story = 'releasing' THEN 'RELEASING'
                    ELSE 'RELEASED' END AS hold_status,
               created_at + interval '25 seconds' AS expires_at,
               started_at IS NOT NULL OR story IN ('start stopped', 'start left', 'no power bank')
                   AS has_ejected
    ) AS calls
    CROSS JOIN LATERAL (SELECT hold_status IN ('RELEASING', 'RELEASED') AS is_released) AS released;

    INSERT INTO outbox (
        event_id, rental_id, version, payload, created_at, copied_at, copy_error,
        return_station_id, return_expires_at, returned_at, return_error)
    SELECT pg_temp.id(n, 6, told), rental_id, told,
           jsonb_build_object(
               'rental_id', 'rental-' || rental_id, 'version', told,
               'status', CASE WHEN told < version THEN 'ACTIVE' ELSE status END,
               'user_id', user_id, 'station_id', station_id, 'powerbank_id', powerbank_id,
               'price_per_hour', price_per_hour, 'free_period_min', free_period_min,
               'buyout', buyout, 'started_at', started_at,
               'finished_at', CASE WHEN told = 2 THEN finished_at END,
               'total_amount', CASE WHEN told = 2 THEN total_amount END),
           told_at,
           CASE WHEN story NOT IN ('to copy', 'copy refused') THEN told_at + interval '1 second' END,
           CASE WHEN story = 'copy refused' THEN 'the rental cannot be read' END,
           CASE WHEN is_return THEN station_id END,
           CASE WHEN is_return THEN told_at + interval '23 hours' END,
           CASE WHEN is_return AND story NOT IN ('to return', 'return refused')
                THEN told_at + interval '2 seconds' END,
           CASE WHEN story = 'return refused' AND is_return THEN 'no such power bank' END
    FROM numbered CROSS JOIN generate_series(1, version) AS told
    CROSS JOIN LATERAL (
        SELECT CASE WHEN told = 2 THEN finished_at ELSE created_at + interval '2 seconds' END
                   AS told_at,
               told = 2 AND status = 'FINISHED' AS is_return
    ) AS deliveries;

    -- Kept for a day, too.
    INSERT INTO idempotency_keys (
        endpoint, key, fingerprint, rental_id, status, response, created_at)
    SELECT 'start', pg_temp.id(n, 7, 0), 'quote-' || pg_temp.id(n, 1, 0), rental_id,
           CASE WHEN status = 'PENDING' THEN NULL WHEN story = 'no deposit' THEN 402
                WHEN status = 'FAILED' THEN 409 ELSE 200 END,
           CASE WHEN status = 'PENDING' THEN NULL
                WHEN story = 'no deposit' THEN '{"error":"Deposit declined"}'
                WHEN status = 'FAILED' THEN '{"error":"No power bank could be ejected"}'
                ELSE json_build_object(
                    'rental_id', 'rental-' || rental_id, 'powerbank_id', powerbank_id,
                    'status', 'ACTIVE', 'started_at', started_at, 'total_amount', 0)::text END,
           created_at
    FROM numbered
    WHERE created_at > loaded_at - interval '25 hours';

    INSERT INTO idempotency_keys (
        endpoint, key, fingerprint, rental_id, status, response, created_at)
    SELECT 'stop', pg_temp.id(n, 8, 0), 'rental-' || rental_id, rental_id, 200,
           json_build_object(
               'rental_id', 'rental-' || rental_id, 'status', status, 'started_at', started_at,
               'finished_at', finished_at, 'total_amount', total_amount, 'duration_minutes',
               floor(extract(epoch FROM finished_at - started_at) / 60)::bigint)::text,
           finished_at
    FROM numbered
    WHERE finished_at > loaded_at - interval '25 hours';

    INSERT INTO operator_actions (action_id, rental_id, operator, command, created_at)
    SELECT pg_temp.id(n, 9, 0), rental_id, 'anna',
           jsonb_build_object('command', 'requeue', 'rental_id', 'rental-' || rental_id),
           finished_at + interval '1 hour'
    FROM numbered
    WHERE story = 'corrected'
$$;
