-- What the bare functions write into: one row a statement.
CREATE TABLE floor (
    id   uuid PRIMARY KEY,
    text text NOT NULL
);

-- What the bare tick keeps its books in.
CREATE TABLE floor_rentals (
    id    uuid PRIMARY KEY,
    due   timestamptz NOT NULL,
    paid  bigint      NOT NULL,
    lease uuid
);
CREATE INDEX floor_rentals_due ON floor_rentals (due);

CREATE TABLE floor_attempts (
    id        uuid PRIMARY KEY,
    rental_id uuid   NOT NULL,
    amount    bigint NOT NULL,
    status    text   NOT NULL
);
CREATE INDEX floor_attempts_of_rental ON floor_attempts (rental_id);
