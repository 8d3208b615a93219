//! What comes in with a request, and goes out with an answer.

use criterion::Criterion;
use domain::{IdempotencyKey, RentalId, StationId};
use std::hint::black_box;

const RENTAL_ID: &str = "rental-01a2056f-9e21-77de-a06f-c6ae11caa402";

pub(crate) fn bench(criterion: &mut Criterion) {
    criterion.bench_function("an Idempotency-Key is read", |b| {
        let key = "8e03978e-40d5-43e8-bc93-6894a57f9324";
        b.iter(|| IdempotencyKey::parse(black_box(key)));
    });
    criterion.bench_function("a rental's id is read", |b| {
        b.iter(|| black_box(RENTAL_ID).parse::<RentalId>());
    });
    criterion.bench_function("a rental's id is written", |b| {
        let rental_id: RentalId = RENTAL_ID.parse().unwrap();
        b.iter(|| black_box(rental_id).to_string());
    });
    criterion.bench_function("a station's id is read", |b| {
        b.iter(|| black_box("station-456").parse::<StationId>());
    });
}
