//! Books that are in order, of rentals in several states: 60 an hour, five minutes free, a deposit
//! of 500, a buyout of 5000.

use audit::{
    AttemptRow, BillingRows, Books, DebtRow, Eject, Entry, EventRow, KeyRow, LedgerRows, Order,
    RentalRows, TransitionRow,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) type Moment = DateTime<Utc>;

/// The second of the buyout.
pub(crate) const BUYOUT_SEC: i64 = 4_999 * 60 + 1;

const STATION: &str = "station-456";
const BANK: &str = "pb-001";

/// Seconds after the start.
pub(crate) fn at(seconds: i64) -> Moment {
    let started_at: Moment = "2026-01-01T10:00:00Z".parse().unwrap();
    started_at + TimeDelta::seconds(seconds)
}

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

const RENTAL: u128 = 1;
const HOLD: u128 = 2;
const EJECT: u128 = 3;
const RELEASE: u128 = 4;

pub(crate) fn rental_of(books: &mut Books) -> &mut RentalRows {
    books.rental.as_mut().unwrap()
}

pub(crate) fn billing_of(books: &mut Books) -> &mut BillingRows {
    books.billing.as_mut().unwrap()
}

pub(crate) fn order_of(books: &mut Books) -> &mut Order {
    let ledger = books.ledger.as_mut().unwrap();
    ledger.order.as_mut().unwrap()
}

pub(crate) fn entry(kind: &str, key: u128, amount: i64) -> Entry {
    Entry {
        kind: kind.to_owned(),
        key: Some(id(key).to_string()),
        amount,
    }
}

pub(crate) fn attempt(
    key: u128,
    amount: i64,
    step: Option<i64>,
    status: &str,
    made: i64,
) -> AttemptRow {
    let kind = if step.is_some() {
        "COLLECTION"
    } else {
        "CHARGE"
    };
    AttemptRow {
        attempt_id: id(key),
        kind: kind.to_owned(),
        amount,
        step,
        status: status.to_owned(),
        created_at: at(made),
        settled_at: (status != "OPEN").then(|| at(made + 1)),
    }
}

pub(crate) fn event(kind: &str, amount: i64, seconds: i64) -> EventRow {
    EventRow {
        kind: kind.to_owned(),
        amount,
        created_at: at(seconds),
    }
}

/// A start whose hold was made and whose eject is intended.
pub(crate) fn pending() -> Books {
    let rental = RentalRows {
        rental_id: id(RENTAL),
        quote_id: id(100),
        user_id: "user-123".to_owned(),
        station_id: STATION.to_owned(),
        price_per_hour: 60,
        free_period_min: 5,
        deposit: 500,
        buyout: 5_000,
        status: "PENDING".to_owned(),
        version: 0,
        powerbank_id: None,
        started_at: None,
        buyout_at: None,
        finished_at: None,
        total_amount: None,
        hold_status: "HELD".to_owned(),
        hold_id: Some(id(HOLD)),
        hold_expires_at: Some(at(24)),
        release_id: None,
        eject_id: Some(id(EJECT)),
        eject_expires_at: Some(at(24)),
        lease_token: Some(id(50)),
        lease_until: Some(at(24)),
        flagged_at: None,
        now: at(0),
        transitions: Vec::new(),
        keys: vec![KeyRow {
            endpoint: "start".to_owned(),
            key: "key-1".to_owned(),
            status: None,
            response: None,
        }],
        operator_actions: Vec::new(),
        same_quote: Vec::new(),
        same_powerbank: Vec::new(),
    };
    let order = Order {
        order_id: format!("rental-{}", id(RENTAL)),
        user_id: Some("user-123".to_owned()),
        held: 500,
        taken: 0,
        entries: vec![entry("hold", HOLD, 500)],
    };
    Books {
        rental_id: order.order_id.clone(),
        rental: Some(rental),
        billing: None,
        ledger: Some(LedgerRows {
            order: Some(order),
            ejects: Vec::new(),
        }),
    }
}

/// No power bank left the station; the deposit was given back.
pub(crate) fn failed() -> Books {
    let mut books = pending();
    let rental = rental_of(&mut books);
    rental.status = "FAILED".to_owned();
    rental.hold_status = "RELEASED".to_owned();
    rental.release_id = Some(id(RELEASE));
    rental.lease_token = None;
    rental.lease_until = None;
    rental.now = at(100);
    answer(
        rental,
        409,
        &json!({ "error": "No power bank could be ejected" }),
    );
    tell(rental);
    release(&mut books);
    books
}

/// It runs since 1,300 s, and was charged once.
pub(crate) fn active() -> Books {
    let mut books = pending();
    let rental = rental_of(&mut books);
    rental.status = "ACTIVE".to_owned();
    rental.powerbank_id = Some(BANK.to_owned());
    rental.started_at = Some(at(0));
    rental.buyout_at = Some(at(BUYOUT_SEC));
    rental.lease_token = None;
    rental.lease_until = None;
    rental.now = at(1_300);
    let started = json!({
        "rental_id": format!("rental-{}", id(RENTAL)), "powerbank_id": BANK, "status": "ACTIVE",
        "started_at": at(0), "total_amount": 0,
    });
    answer(rental, 200, &started);
    tell(rental);
    let ledger = books.ledger.as_mut().unwrap();
    ledger.ejects = vec![Eject {
        seq: 1,
        key: Some(id(EJECT).to_string()),
        station_id: STATION.to_owned(),
        powerbank_id: BANK.to_owned(),
    }];
    books.billing = Some(BillingRows {
        rental_id: id(RENTAL),
        user_id: "user-123".to_owned(),
        price_per_hour: 60,
        free_period_min: 5,
        buyout: 5_000,
        status: "ACTIVE".to_owned(),
        started_at: at(0),
        finished_at: None,
        total_amount: None,
        version: 1,
        paid: 20,
        written_off: 0,
        refunded: 0,
        next_bill_at: Some(at(1_206)),
        release_due: false,
        lease_token: None,
        lease_until: None,
        set_aside_at: None,
        set_aside_reason: None,
        now: at(1_260),
        attempts: vec![attempt(10, 20, None, "SUCCEEDED", 1_205)],
        debt: None,
        refunds: Vec::new(),
        events: Vec::new(),
        operator_actions: Vec::new(),
    });
    let order = order_of(&mut books);
    order.entries.push(entry("clear", 10, 20));
    order.taken = 20;
    order.held = 480;
    books
}

/// Brought back after 2,640 s, charged twice, settled and released.
pub(crate) fn finished() -> Books {
    let mut books = active();
    end(&mut books, "FINISHED", 2_640, 44);
    let billing = billing_of(&mut books);
    billing
        .attempts
        .push(attempt(11, 24, None, "SUCCEEDED", 2_670));
    billing.paid = 44;
    let order = order_of(&mut books);
    order.entries.push(entry("clear", 11, 24));
    order.taken = 44;
    release(&mut books);
    books
}

/// Bought out, in two charges.
pub(crate) fn bought_out() -> Books {
    let mut books = active();
    end(&mut books, "BUYOUT", BUYOUT_SEC, 5_000);
    let billing = billing_of(&mut books);
    let charge = attempt(11, 4_980, None, "SUCCEEDED", BUYOUT_SEC + 30);
    billing.attempts.push(charge);
    billing.paid = 5_000;
    let order = order_of(&mut books);
    order.entries.push(entry("clear", 11, 4_980));
    order.taken = 5_000;
    release(&mut books);
    books
}

/// Its charge was declined, and its debt collected by steps of ten: one was declined, one expired.
pub(crate) fn indebted() -> Books {
    let mut books = active();
    end(&mut books, "FINISHED", 2_640, 44);
    let step = Some(10);
    let billing = billing_of(&mut books);
    billing.attempts = vec![
        attempt(10, 20, None, "DECLINED", 1_205),
        attempt(11, 10, step, "DECLINED", 1_270),
        attempt(12, 10, step, "EXPIRED", 1_391),
        attempt(13, 10, step, "SUCCEEDED", 1_400),
        attempt(14, 10, step, "SUCCEEDED", 2_700),
        attempt(15, 10, step, "SUCCEEDED", 2_761),
        attempt(16, 10, step, "SUCCEEDED", 2_822),
        attempt(17, 4, step, "SUCCEEDED", 2_883),
    ];
    billing.paid = 44;
    billing.debt = Some(DebtRow {
        amount: 0,
        failures: 0,
        opened_at: at(1_206),
        next_try_at: at(2_883),
        retried_at: None,
        settled_at: Some(at(2_884)),
    });
    billing.events = vec![
        event("DEBT_OPENED", 20, 1_206),
        event("DEBT_SETTLED", 0, 2_884),
    ];
    let order = order_of(&mut books);
    order.entries.truncate(1);
    for (key, amount) in [(13, 10), (14, 10), (15, 10), (16, 10), (17, 4)] {
        order.entries.push(entry("clear", key, amount));
    }
    order.taken = 44;
    release(&mut books);
    books
}

/// Its end was moved to an earlier moment by an operator, and what was paid above it is owed back.
pub(crate) fn overpaid() -> Books {
    let mut books = finished();
    let rental = rental_of(&mut books);
    rental.finished_at = Some(at(1_800));
    rental.total_amount = Some(30);
    rental.version = 3;
    let finish = json!({
        "action_id": id(60), "operator": "anna", "created_at": at(2_900),
        "command": { "command": "finish" },
    });
    rental.operator_actions = vec![serde_json::from_value(finish).unwrap()];
    tell(rental);
    rental.transitions[2].created_at = at(2_900);
    let billing = billing_of(&mut books);
    billing.finished_at = Some(at(1_800));
    billing.total_amount = Some(30);
    billing.version = 3;
    billing.refunded = 14;
    billing.refunds = vec![audit::RefundRow {
        amount: 14,
        owed_at: at(2_930),
    }];
    billing.events = vec![event("REFUND_OWED", 14, 2_930)];
    books
}

/// Nobody paid, and an operator gave its debt up.
pub(crate) fn written_off() -> Books {
    let mut books = active();
    end(&mut books, "FINISHED", 2_640, 44);
    let billing = billing_of(&mut books);
    billing.attempts = vec![attempt(10, 20, None, "DECLINED", 1_205)];
    billing.paid = 0;
    billing.written_off = 44;
    billing.debt = Some(DebtRow {
        amount: 0,
        failures: 0,
        opened_at: at(1_206),
        next_try_at: at(1_266),
        retried_at: None,
        settled_at: Some(at(2_900)),
    });
    billing.events = vec![
        event("DEBT_OPENED", 20, 1_206),
        event("DEBT_SETTLED", 0, 2_900),
    ];
    let action = json!({
        "action_id": id(61), "operator": "anna", "created_at": at(2_900),
        "command": { "command": "write-off-debt", "amount": 44 },
    });
    billing.operator_actions = vec![serde_json::from_value(action).unwrap()];
    let order = order_of(&mut books);
    order.entries.truncate(1);
    order.taken = 0;
    release(&mut books);
    books
}

/// It ended so many seconds after its start, and everybody knows.
pub(crate) fn end(books: &mut Books, status: &str, seconds: i64, total: i64) {
    let now = at(seconds + 300);
    let rental = rental_of(books);
    rental.status = status.to_owned();
    rental.finished_at = Some(at(seconds));
    rental.total_amount = Some(total);
    rental.version = 2;
    rental.now = now;
    tell(rental);
    if status == "FINISHED" {
        let back = &mut rental.transitions[1];
        back.return_station_id = Some(STATION.to_owned());
        back.returned_at = Some(now);
    }
    let stopped = json!({
        "rental_id": format!("rental-{}", id(RENTAL)), "status": status, "started_at": at(0),
        "finished_at": at(seconds), "total_amount": total, "duration_minutes": seconds / 60,
    });
    rental.keys.push(KeyRow {
        endpoint: "stop".to_owned(),
        key: "key-2".to_owned(),
        status: Some(200),
        response: Some(stopped.to_string()),
    });
    let billing = billing_of(books);
    billing.status = status.to_owned();
    billing.finished_at = Some(at(seconds));
    billing.total_amount = Some(total);
    billing.version = 2;
    billing.next_bill_at = None;
    billing.now = now;
}

/// Stores the answer of the start.
fn answer(rental: &mut RentalRows, status: i16, body: &Value) {
    rental.keys[0].status = Some(status);
    rental.keys[0].response = Some(body.to_string());
}

/// Writes the outbox row of the rental as it is now, at the next version where it is new.
fn tell(rental: &mut RentalRows) {
    let version = i64::try_from(rental.transitions.len()).unwrap() + 1;
    rental.version = version;
    rental.transitions.push(TransitionRow {
        version,
        payload: payload(rental),
        created_at: rental
            .finished_at
            .or(rental.started_at)
            .unwrap_or(rental.now),
        copied_at: Some(rental.now),
        copy_error: None,
        return_station_id: None,
        returned_at: None,
        return_error: None,
    });
}

/// What the rental's newest transition has to tell.
pub(crate) fn payload(rental: &RentalRows) -> Value {
    json!({
        "rental_id": format!("rental-{}", rental.rental_id),
        "version": rental.version,
        "status": rental.status,
        "user_id": rental.user_id,
        "station_id": rental.station_id,
        "powerbank_id": rental.powerbank_id,
        "price_per_hour": rental.price_per_hour,
        "free_period_min": rental.free_period_min,
        "buyout": rental.buyout,
        "started_at": rental.started_at,
        "finished_at": rental.finished_at,
        "total_amount": rental.total_amount,
    })
}

/// Gives back what is left of the hold.
pub(crate) fn release(books: &mut Books) {
    let rental = rental_of(books);
    rental.hold_status = "RELEASED".to_owned();
    rental.release_id = Some(id(RELEASE));
    let order = order_of(books);
    order
        .entries
        .push(entry("release", RELEASE, 500 - order.taken.min(500)));
    order.held = 0;
}
