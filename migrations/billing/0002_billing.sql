-- Billing's copy of the rentals, and the running sums of their books.
CREATE TABLE rentals (
    rental_id        uuid PRIMARY KEY,
    user_id          text        NOT NULL CHECK (user_id <> ''),
    price_per_hour   bigint      NOT NULL CHECK (price_per_hour >= 0),
    free_period_min  integer     NOT NULL CHECK (free_period_min >= 0),
    buyout           bigint      NOT NULL CHECK (buyout > 0),
    status           text        NOT NULL CHECK (status IN ('ACTIVE', 'FINISHED', 'BUYOUT')),
    started_at       timestamptz NOT NULL CHECK (started_at = date_trunc('second', started_at)),
    finished_at      timestamptz CHECK (finished_at = date_trunc('second', finished_at)),
    total_amount     bigint      CHECK (total_amount BETWEEN 0 AND buyout),
    version          bigint      NOT NULL CHECK (version > 0),

    paid             bigint      NOT NULL DEFAULT 0 CHECK (paid BETWEEN 0 AND buyout),
    refunded         bigint      NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND paid),
    written_off      bigint      NOT NULL DEFAULT 0 CHECK (written_off BETWEEN 0 AND buyout - paid),
    next_bill_at     timestamptz,
    awaits_grace     boolean     NOT NULL DEFAULT false,
    release_due      boolean     NOT NULL DEFAULT false,

    lease_token      uuid,
    lease_until      timestamptz,
    set_aside_at     timestamptz,
    set_aside_reason text,

    CONSTRAINT rentals_ended_with_a_total CHECK (
        (status = 'ACTIVE') = (finished_at IS NULL)
        AND (finished_at IS NULL) = (total_amount IS NULL)
        AND finished_at >= started_at),
    -- Law: nothing is owed back while something that was due is given up.
    CONSTRAINT rentals_written_off_or_refunded CHECK (written_off = 0 OR refunded = 0),
    CONSTRAINT rentals_set_aside_for_a_reason CHECK ((set_aside_at IS NULL) = (set_aside_reason IS NULL))
);

-- What is due, oldest first. A rental with nothing due is not read.
CREATE INDEX rentals_due ON rentals (next_bill_at) WHERE next_bill_at IS NOT NULL AND set_aside_at IS NULL;
-- Settled, and db-rental was not told.
CREATE INDEX rentals_release_due ON rentals (rental_id) WHERE release_due;
-- Waits for an operator: so little that a list sorts it, and by its id one is found in it.
CREATE INDEX rentals_set_aside ON rentals (rental_id) WHERE set_aside_at IS NOT NULL;

COMMENT ON TABLE rentals IS 'A copy of db-rental''s rentals for billing: a newer version replaces an older one, never the other way. Beside it the sums of the rental''s books.';
COMMENT ON COLUMN rentals.paid IS 'P: the sum of succeeded attempts.';
COMMENT ON COLUMN rentals.refunded IS 'R: the sum of refunds owed, paid out or not.';
COMMENT ON COLUMN rentals.written_off IS 'W: the sum of debts that an operator gave up; it counts as billed.';
COMMENT ON COLUMN rentals.next_bill_at IS 'Nothing is to be done before it; NULL when nothing ever is, or only a person can go on.';
COMMENT ON COLUMN rentals.awaits_grace IS 'next_bill_at is when the first unit falls due, as the copy tells it: a tick comes a grace later.';
COMMENT ON COLUMN rentals.release_due IS 'It is settled, and db-rental was not told that its deposit may be released.';
COMMENT ON COLUMN rentals.set_aside_at IS 'A local fault kept this rental from being billed; an operator requeues it.';

CREATE TABLE payment_attempts (
    rental_id  uuid        NOT NULL REFERENCES rentals,
    attempt_id uuid        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('CHARGE', 'COLLECTION')),
    amount     bigint      NOT NULL CHECK (amount > 0),
    step       bigint      CHECK (step > 0),
    status     text        NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'SUCCEEDED', 'DECLINED', 'EXPIRED')),
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    -- By the rental first: nobody looks for an attempt of which he does not know the rental, and
    -- attempts are most of what billing stores.
    PRIMARY KEY (rental_id, attempt_id),
    -- Law: one collection is at most the step that it was made under.
    CONSTRAINT payment_attempts_collected_in_steps CHECK (
        (kind = 'COLLECTION') = (step IS NOT NULL) AND amount <= coalesce(step, amount)),
    CONSTRAINT payment_attempts_settled_once CHECK ((status = 'OPEN') = (settled_at IS NULL))
);

-- Law: at most one open attempt per rental. Also for the report of what is open, and for a person:
-- both want all of it, so that an index by age would be written for each attempt and save nothing.
CREATE UNIQUE INDEX payment_attempts_one_open ON payment_attempts (rental_id)
    INCLUDE (created_at) WHERE status = 'OPEN';

COMMENT ON TABLE payment_attempts IS 'Every clear: its intent is committed before the call, its outcome after. OPEN is unknown, never rendered as paid or declined.';
COMMENT ON COLUMN payment_attempts.attempt_id IS 'Idempotency-Key of the clear: one key, one amount, at most one effect.';
COMMENT ON COLUMN payment_attempts.step IS 'The DEBT_CHARGE_STEP under which a collection was made.';
COMMENT ON COLUMN payment_attempts.status IS 'EXPIRED: it ran out before the provider first saw it, and took nothing.';

CREATE TABLE debts (
    rental_id   uuid PRIMARY KEY REFERENCES rentals,
    user_id     text        NOT NULL CHECK (user_id <> ''),
    amount      bigint      NOT NULL CHECK (amount >= 0),
    failures    integer     NOT NULL DEFAULT 0 CHECK (failures >= 0),
    opened_at   timestamptz NOT NULL,
    retried_at  timestamptz,
    next_try_at timestamptz NOT NULL,
    settled_at  timestamptz,
    CONSTRAINT debts_settled_at_nothing CHECK (settled_at IS NULL OR amount = 0)
);
-- Those that grew too old are left to a person.
CREATE INDEX debts_owed ON debts (coalesce(retried_at, opened_at)) WHERE settled_at IS NULL;

COMMENT ON TABLE debts IS 'What a rental''s user owes after a declined charge; one row a rental, opened again when a later charge is declined.';
COMMENT ON COLUMN debts.amount IS 'D: owed and not in an open collection.';
COMMENT ON COLUMN debts.retried_at IS 'When an operator last had it tried again after it grew too old: its age counts from here.';
COMMENT ON COLUMN debts.failures IS 'Declined collections in a row; they double the backoff.';
COMMENT ON COLUMN debts.next_try_at IS 'Law: a debt is not tried before its last try and backoff.';

CREATE TABLE refunds (
    refund_id uuid PRIMARY KEY,
    rental_id uuid        NOT NULL REFERENCES rentals,
    amount    bigint      NOT NULL CHECK (amount > 0),
    owed_at   timestamptz NOT NULL,
    paid_at   timestamptz
);
CREATE INDEX refunds_of_rental ON refunds (rental_id);
-- Waits for an operator: see rentals_set_aside.
CREATE INDEX refunds_owed ON refunds (refund_id) INCLUDE (amount) WHERE paid_at IS NULL;

COMMENT ON TABLE refunds IS 'Paid above the final total, found when an end came late. Settled by an operator; nothing is silently kept.';

CREATE TABLE outbox (
    event_id     uuid PRIMARY KEY,
    position     bigint      GENERATED ALWAYS AS IDENTITY,
    rental_id    uuid        NOT NULL REFERENCES rentals,
    kind         text        NOT NULL CHECK (kind IN ('DEBT_OPENED', 'DEBT_SETTLED', 'REFUND_OWED')),
    amount       bigint      NOT NULL CHECK (amount >= 0),
    created_at   timestamptz NOT NULL DEFAULT app_now(),
    published_at timestamptz
);
CREATE INDEX outbox_of_rental ON outbox (rental_id);

COMMENT ON TABLE outbox IS 'Law: one row per debt opened, debt settled (paid, lowered to nothing or written off) and refund owed, in its transaction.';
COMMENT ON COLUMN outbox.event_id IS 'Lets a consumer drop repeats.';

CREATE TABLE operator_actions (
    action_id  uuid PRIMARY KEY,
    rental_id  uuid        NOT NULL,
    operator   text        NOT NULL CHECK (operator <> ''),
    command    jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX operator_actions_of_rental ON operator_actions (rental_id);

COMMENT ON TABLE operator_actions IS 'What people did by hand, written in the transaction of the effect.';
