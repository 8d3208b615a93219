-- As many rentals as ours, with as many due, and an attempt of history each. Ids ascend, as ours do;
-- what is due is due since less than a minute, the rest not for half an hour.
CREATE FUNCTION pg_temp.load_floor(rentals bigint, due bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO floor_rentals (id, due, paid)
    SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid,
           CASE WHEN n >= rentals - due THEN app_now() - make_interval(secs => 39 + n % 15)
                ELSE app_now() + make_interval(secs => 1800 + n % 1800) END,
           1
    FROM generate_series(0, rentals - 1) AS n;

    INSERT INTO floor_attempts (id, rental_id, amount, status)
    SELECT (lpad(to_hex(n), 12, '0') || '70018000000000000000')::uuid,
           (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, 1, 'SUCCEEDED'
    FROM generate_series(0, rentals - 1) AS n;
$$;
