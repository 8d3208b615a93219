//! What start, stop and status ask of a rental's terms.

use crate::{at, running};
use criterion::Criterion;
use std::hint::black_box;

const HOUR: i64 = 3_600;

pub(crate) fn bench(criterion: &mut Criterion) {
    let running = running();
    let now = at(HOUR);
    criterion.bench_function("what is due after an hour", |b| {
        b.iter(|| black_box(running).due_at(black_box(now)));
    });
    criterion.bench_function("the moment of the buyout", |b| {
        b.iter(|| black_box(running).buyout_at());
    });
    criterion.bench_function("the end that a stop decides", |b| {
        b.iter(|| black_box(running).end_at(black_box(now)));
    });
    criterion.bench_function("the view of an ACTIVE rental", |b| {
        b.iter(|| black_box(running).view_at(black_box(now)));
    });
    criterion.bench_function("the view of an ended rental", |b| {
        let end = running.end_at(now);
        b.iter(|| black_box(running).view_ended(black_box(end)));
    });
}
