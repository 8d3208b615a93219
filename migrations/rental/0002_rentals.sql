-- Offers. A quote freezes the terms: later changes of tariff, profile or configs touch no rental.
CREATE TABLE quotes (
    quote_id         uuid PRIMARY KEY,
    user_id          text        NOT NULL CHECK (user_id <> ''),
    station_id       text        NOT NULL CHECK (station_id <> ''),
    tariff_id        text        NOT NULL CHECK (tariff_id <> ''),
    price_per_hour   bigint      NOT NULL CHECK (price_per_hour >= 0),
    free_period_min  integer     NOT NULL CHECK (free_period_min >= 0),
    deposit          bigint      NOT NULL CHECK (deposit >= 0),
    buyout           bigint      NOT NULL CHECK (buyout > 0),
    trusted          boolean     NOT NULL,
    has_subscription boolean     NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT app_now(),
    expires_at       timestamptz NOT NULL CHECK (expires_at > created_at)
);

-- For the purge of what expired a day ago.
CREATE INDEX quotes_expired ON quotes (expires_at);

COMMENT ON TABLE quotes IS 'Offers with their frozen terms. Kept a day past their end, so that an expired one stays 400 and does not become 404.';
COMMENT ON COLUMN quotes.buyout IS 'R_BUYOUT when the quote was made.';

CREATE TABLE rentals (
    rental_id        uuid PRIMARY KEY,
    -- No foreign key: quotes are purged, rentals are not.
    quote_id         uuid        NOT NULL,
    user_id          text        NOT NULL CHECK (user_id <> ''),
    station_id       text        NOT NULL CHECK (station_id <> ''),
    tariff_id        text        NOT NULL CHECK (tariff_id <> ''),
    price_per_hour   bigint      NOT NULL CHECK (price_per_hour >= 0),
    free_period_min  integer     NOT NULL CHECK (free_period_min >= 0),
    deposit          bigint      NOT NULL CHECK (deposit >= 0),
    buyout           bigint      NOT NULL CHECK (buyout > 0),
    trusted          boolean     NOT NULL,
    has_subscription boolean     NOT NULL,

    status           text        NOT NULL CHECK (status IN ('PENDING', 'ACTIVE', 'FAILED', 'FINISHED', 'BUYOUT')),
    version          bigint      NOT NULL DEFAULT 0 CHECK (version >= 0),
    created_at       timestamptz NOT NULL DEFAULT app_now(),
    powerbank_id     text        CHECK (powerbank_id <> ''),
    started_at       timestamptz CHECK (started_at = date_trunc('second', started_at)),
    buyout_at        timestamptz,
    finished_at      timestamptz CHECK (finished_at = date_trunc('second', finished_at)),
    total_amount     bigint      CHECK (total_amount BETWEEN 0 AND buyout),
    stop_station_id  text        CHECK (stop_station_id <> ''),

    hold_status      text        NOT NULL DEFAULT 'NONE' CHECK (hold_status IN ('NONE', 'REQUESTED', 'HELD', 'DECLINED', 'RELEASING', 'RELEASED')),
    hold_id          uuid,
    hold_expires_at  timestamptz,
    held_late        boolean     NOT NULL DEFAULT false,
    deposit_waived   boolean     NOT NULL DEFAULT false,
    release_id       uuid,
    release_expires_at timestamptz,

    eject_id         uuid,
    eject_expires_at timestamptz,

    lease_token      uuid,
    lease_until      timestamptz,

    flagged_at       timestamptz,
    flag_reason      text,

    CONSTRAINT rentals_started_with_a_powerbank CHECK (
        (status IN ('PENDING', 'FAILED')) = (started_at IS NULL)
        AND (started_at IS NULL) = (powerbank_id IS NULL)),
    CONSTRAINT rentals_ended_with_a_total CHECK (
        (status IN ('FINISHED', 'BUYOUT')) = (finished_at IS NOT NULL)
        AND (finished_at IS NULL) = (total_amount IS NULL)
        AND finished_at >= started_at),
    CONSTRAINT rentals_eject_only_after_its_intent CHECK (started_at IS NULL OR eject_id IS NOT NULL),
    CONSTRAINT rentals_hold_has_an_intent CHECK (
        hold_status = 'NONE' OR (hold_id IS NOT NULL AND hold_expires_at IS NOT NULL)),
    CONSTRAINT rentals_held_late_is_held CHECK (
        NOT held_late OR (hold_status = 'HELD' AND status IN ('FAILED', 'FINISHED', 'BUYOUT'))),
    CONSTRAINT rentals_release_has_an_intent CHECK (
        (hold_status IN ('RELEASING', 'RELEASED')) = (release_id IS NOT NULL)
        AND (release_id IS NULL) = (release_expires_at IS NULL)),
    CONSTRAINT rentals_waived_only_to_the_trusted CHECK (trusted OR NOT deposit_waived),
    CONSTRAINT rentals_flagged_for_a_reason CHECK ((flagged_at IS NULL) = (flag_reason IS NULL))
);

-- Law: one quote gives at most one rental that did not fail.
CREATE UNIQUE INDEX rentals_one_per_quote ON rentals (quote_id) WHERE status <> 'FAILED';

-- Law: a power bank has at most one open rental that is not flagged for an operator.
CREATE UNIQUE INDEX rentals_one_open_per_powerbank ON rentals (powerbank_id)
    WHERE status = 'ACTIVE' AND flagged_at IS NULL;

-- Rule: a trusted user has at most one open rental whose deposit could not be held.
CREATE UNIQUE INDEX rentals_one_waived_per_user ON rentals (user_id)
    WHERE deposit_waived AND status IN ('PENDING', 'ACTIVE');

-- Starts that stopped half way, for reconcile. These two say what is always so: only a query that
-- says it too, because it wants what waits, is answered from here. One that asks for a rental by its
-- id would read all that waits, had it been planned while nothing did.
CREATE INDEX rentals_pending ON rentals (lease_until) WHERE status = 'PENDING' AND lease_until IS NOT NULL;
-- Holds that are unknown, for reconcile.
CREATE INDEX rentals_holds_unknown ON rentals (lease_until NULLS FIRST)
    WHERE hold_status IN ('REQUESTED', 'RELEASING') AND hold_expires_at IS NOT NULL;
-- Holds that turned out held after the rental's end, for reconcile.
CREATE INDEX rentals_held_late ON rentals (rental_id) WHERE held_late;
-- Rentals whose buyout has come, for reconcile.
CREATE INDEX rentals_buyout ON rentals (buyout_at, rental_id) WHERE status = 'ACTIVE';
-- What waits for an operator. It is so little that a list sorts it; by its id one is found in it.
CREATE INDEX rentals_flagged ON rentals (rental_id) WHERE flagged_at IS NOT NULL;

COMMENT ON TABLE rentals IS 'Rentals, with the intents and outcomes of their hold and their eject. The only place where an end is decided.';
COMMENT ON COLUMN rentals.version IS 'Counts the transitions told to billing; 0 until the first.';
COMMENT ON COLUMN rentals.started_at IS 'Set in the transaction that records the eject; whole seconds.';
COMMENT ON COLUMN rentals.buyout_at IS 'First second at which the uncapped due reaches the buyout; NULL when it never does. Past it an ACTIVE rental is BUYOUT for every reader.';
COMMENT ON COLUMN rentals.hold_id IS 'Idempotency-Key of the hold: one key, one amount, at most one effect.';
COMMENT ON COLUMN rentals.held_late IS 'The hold turned out to stand after the end: billing may have told already that it can be released, and is to be asked once.';
COMMENT ON COLUMN rentals.eject_id IS 'Idempotency-Key of the eject. Once set, the start is finished, never rolled back blindly.';
COMMENT ON COLUMN rentals.lease_token IS 'Who works on this start or hold. An outcome is written only by the lease''s holder.';
COMMENT ON COLUMN rentals.flagged_at IS 'Left to an operator: a station ejected its power bank again while it was open.';

CREATE TABLE idempotency_keys (
    caller      text        NOT NULL DEFAULT '',
    endpoint    text        NOT NULL CHECK (endpoint IN ('start', 'stop')),
    key         text        NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint text        NOT NULL,
    rental_id   uuid        NOT NULL REFERENCES rentals,
    status      smallint    CHECK (status IN (200, 402, 409)),
    response    text,
    created_at  timestamptz NOT NULL DEFAULT app_now(),
    PRIMARY KEY (caller, endpoint, key),
    CONSTRAINT idempotency_keys_answer_is_whole CHECK ((status IS NULL) = (response IS NULL))
);

-- For the purge. The key of a start that still runs stays.
CREATE INDEX idempotency_keys_old ON idempotency_keys (created_at) WHERE response IS NOT NULL;
-- For storing the answer of a start, and for the audit. Keys are kept for a day: it stays small.
CREATE INDEX idempotency_keys_of_rental ON idempotency_keys (rental_id);

COMMENT ON TABLE idempotency_keys IS 'Law: the same key gives the same bytes, for a day. The answer is stored in the transaction that decided it.';
COMMENT ON COLUMN idempotency_keys.caller IS 'Whose key it is; empty while there is no authorizer.';
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'The parsed fields of the first request with this key.';
COMMENT ON COLUMN idempotency_keys.response IS 'The body, byte for byte; NULL while the request runs.';

CREATE TABLE outbox (
    event_id          uuid PRIMARY KEY,
    position          bigint      GENERATED ALWAYS AS IDENTITY,
    rental_id         uuid        NOT NULL REFERENCES rentals,
    version           bigint      NOT NULL CHECK (version > 0),
    payload           jsonb       NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT app_now(),
    copied_at         timestamptz,
    copy_error        text,
    return_station_id text,
    return_expires_at timestamptz,
    returned_at       timestamptz,
    return_error      text,
    published_at      timestamptz,
    UNIQUE (rental_id, version),
    CONSTRAINT outbox_return_has_an_expiry CHECK (
        (return_station_id IS NULL) = (return_expires_at IS NULL))
);

-- By position only what waits: an index of all rows would cost each transition, and lead those who
-- look for the few that wait through all that were ever written.
CREATE INDEX outbox_to_copy ON outbox (position) WHERE copied_at IS NULL AND copy_error IS NULL;
CREATE INDEX outbox_to_return ON outbox (position)
    WHERE return_station_id IS NOT NULL AND returned_at IS NULL AND return_error IS NULL;
-- Waits for an operator: see rentals_flagged.
CREATE INDEX outbox_set_aside ON outbox (rental_id)
    WHERE copy_error IS NOT NULL OR return_error IS NOT NULL;

COMMENT ON TABLE outbox IS 'Law: one row per transition of a rental, written in its transaction, carrying the whole rental. Its deliveries (copy to billing, return to the station, event bus) are independent; each is made at least once.';
COMMENT ON COLUMN outbox.event_id IS 'Lets a consumer drop repeats.';
COMMENT ON COLUMN outbox.copy_error IS 'Why billing cannot take this row: set aside alone, for an operator.';
COMMENT ON COLUMN outbox.return_expires_at IS 'Request-Expires-At of the report to the station; an operator''s requeue renews it.';
COMMENT ON COLUMN outbox.return_station_id IS 'Where the power bank was put back; NULL when none came back.';

CREATE TABLE operator_actions (
    action_id  uuid PRIMARY KEY,
    rental_id  uuid        NOT NULL,
    operator   text        NOT NULL CHECK (operator <> ''),
    command    jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX operator_actions_of_rental ON operator_actions (rental_id);

COMMENT ON TABLE operator_actions IS 'What people did by hand, written in the transaction of the effect.';
