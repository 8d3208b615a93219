-- What db-billing has of the numbered rentals: nothing of those that never started.
CREATE FUNCTION pg_temp.load(attempts bigint, loaded_at timestamptz)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO rentals (
        rental_id, user_id, price_per_hour, free_period_min, buyout, status, started_at,
        finished_at, total_amount, version, paid, refunded, next_bill_at, awaits_grace,
        release_due, set_aside_at, set_aside_reason)
    SELECT rental_id, user_id, price_per_hour, free_period_min, buyout, status, started_at,
           finished_at, total_amount, version, attempts,
           CASE WHEN story IN ('refund owed', 'refund paid') THEN 1 ELSE 0 END,
           -- The second in which the next unit falls due; a grace later, where a tick was here.
           CASE WHEN status = 'ACTIVE' THEN
                    started_at + free_period_min * interval '1 minute' + make_interval(
                        secs => attempts * 3600 / price_per_hour + 1 + 5 * least(attempts, 1))
                WHEN story = 'set aside' THEN finished_at
                WHEN story = 'debt resting' THEN loaded_at + interval '1 hour' END,
           status = 'ACTIVE' AND attempts = 0,
           story = 'release due',
           CASE WHEN story = 'set aside' THEN finished_at END,
           CASE WHEN story = 'set aside' THEN 'it cannot be read' END
    FROM numbered
    WHERE started_at IS NOT NULL;

    -- What was paid, unit by unit; of a debt that is settled, the last one was collected.
    INSERT INTO payment_attempts (
        attempt_id, rental_id, kind, amount, step, status, created_at, settled_at)
    SELECT pg_temp.id(n, 1, i), rental_id, CASE WHEN is_collected THEN 'COLLECTION' ELSE 'CHARGE' END,
           1, CASE WHEN is_collected THEN 100 END, 'SUCCEEDED', asked_at,
           asked_at + interval '1 second'
    FROM numbered CROSS JOIN generate_series(1, attempts) AS i
    CROSS JOIN LATERAL (SELECT story = 'debt settled' AND i = attempts AS is_collected) AS kinds
    CROSS JOIN LATERAL (
        SELECT CASE WHEN is_collected THEN owed_since + interval '2 minutes'
                    ELSE started_at + make_interval(secs => (i - 1) * 3600 / price_per_hour + 6)
                    END AS asked_at
    ) AS moments
    WHERE started_at IS NOT NULL;

    -- What is unknown, and what was declined before it was owed.
    INSERT INTO payment_attempts (
        attempt_id, rental_id, kind, amount, status, created_at, settled_at)
    SELECT pg_temp.id(n, 1, 0), rental_id, 'CHARGE', 1,
           CASE WHEN owed_since IS NULL THEN 'OPEN' ELSE 'DECLINED' END,
           coalesce(owed_since - interval '1 second', finished_at + interval '6 seconds'), owed_since
    FROM numbered
    WHERE owed_since IS NOT NULL OR story = 'attempt left';

    INSERT INTO debts (rental_id, user_id, amount, opened_at, next_try_at, settled_at)
    SELECT rental_id, user_id, CASE WHEN story = 'debt settled' THEN 0 ELSE 1 END, owed_since,
           CASE WHEN story = 'debt resting' THEN loaded_at + interval '1 hour'
                ELSE owed_since + interval '1 minute' END,
           CASE WHEN story = 'debt settled' THEN owed_since + interval '121 seconds' END
    FROM numbered
    WHERE owed_since IS NOT NULL;

    INSERT INTO refunds (refund_id, rental_id, amount, owed_at, paid_at)
    SELECT pg_temp.id(n, 2, 0), rental_id, 1, finished_at + interval '1 hour',
           CASE WHEN story = 'refund paid' THEN finished_at + interval '90 minutes' END
    FROM numbered
    WHERE story IN ('refund owed', 'refund paid');

    INSERT INTO outbox (event_id, rental_id, kind, amount, created_at)
    SELECT pg_temp.id(n, 3, 0), rental_id, 'DEBT_OPENED', 1, owed_since
    FROM numbered WHERE owed_since IS NOT NULL
    UNION ALL
    SELECT pg_temp.id(n, 3, 1), rental_id, 'DEBT_SETTLED', 0, owed_since + interval '121 seconds'
    FROM numbered WHERE story = 'debt settled'
    UNION ALL
    SELECT pg_temp.id(n, 3, 2), rental_id, 'REFUND_OWED', 1, finished_at + interval '1 hour'
    FROM numbered WHERE story IN ('refund owed', 'refund paid');

    INSERT INTO operator_actions (action_id, rental_id, operator, command, created_at)
    SELECT pg_temp.id(n, 4, 0), rental_id, 'anna',
           jsonb_build_object('command', 'requeue', 'rental_id', 'rental-' || rental_id),
           finished_at + interval '1 hour'
    FROM numbered WHERE story = 'corrected'
$$;
