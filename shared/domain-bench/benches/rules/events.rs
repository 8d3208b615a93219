//! A transition, as the outbox keeps it.

use crate::{at, running};
use criterion::Criterion;
use domain::{RentalEvent, RentalId, RentalStatus};
use std::hint::black_box;
use uuid::Uuid;

pub(crate) fn bench(criterion: &mut Criterion) {
    criterion.bench_function("the end of a rental is written as JSON", |b| {
        let event = ended();
        b.iter(|| serde_json::to_string(black_box(&event)));
    });
    criterion.bench_function("the end of a rental is read from JSON", |b| {
        let json = serde_json::to_string(&ended()).unwrap();
        b.iter(|| serde_json::from_str::<RentalEvent>(black_box(&json)));
    });
}

fn ended() -> RentalEvent {
    let running = running();
    let active = RentalEvent {
        rental_id: RentalId::new(Uuid::from_u128(1)),
        version: 1,
        status: RentalStatus::Active,
        user_id: "user-123".parse().unwrap(),
        station_id: "station-456".parse().unwrap(),
        powerbank_id: Some("pb-003".parse().unwrap()),
        price_per_hour: running.price.price_per_hour(),
        free_period_min: running.price.free_period_min(),
        buyout: running.price.buyout(),
        started_at: Some(running.started_at),
        finished_at: None,
        total_amount: None,
    };
    active.ended(running.end_at(at(3_600)))
}
