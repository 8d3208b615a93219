//! What is loaded in bulk is what a long life of the system could have left.

use audit::{Auditor, Law, Rules, When};
use chrono::TimeDelta;
use domain::RentalId;
use sqlx::PgPool;
use std::collections::BTreeSet;
use testkit::{Bulk, Databases};
use uuid::Uuid;

const BULK: Bulk = Bulk {
    rentals: 3_000,
    active: 300,
    due: 40,
    settled_attempts: 3,
    waiting_one_in: 50,
};

async fn loaded(bulk: Bulk) -> Databases {
    let databases = Databases::create().await.unwrap();
    let mut told = 0;
    databases.load(bulk, |loaded| told = loaded).await.unwrap();
    assert_eq!(told, bulk.rentals);
    databases
}

async fn ids(pool: &PgPool, sql: &'static str) -> BTreeSet<Uuid> {
    let ids: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(pool).await.unwrap();
    ids.into_iter().collect()
}

#[tokio::test]
async fn what_is_loaded_in_bulk_keeps_the_laws() {
    for (settled_attempts, waiting_one_in) in [(3, 50), (1, 0), (0, 50)] {
        let bulk = Bulk {
            settled_attempts,
            waiting_one_in,
            ..BULK
        };
        let databases = loaded(bulk).await;
        let (rental, billing) = (&databases.rental, &databases.billing);
        let auditor = Auditor::new(rental.into(), billing.into(), None);
        let report = auditor
            .run(When::AnyMoment, Rules::default())
            .await
            .unwrap();
        assert!(report.is_clean(), "{bulk:?}:\n{report}");
        assert_eq!(report.rentals(), u64::from(bulk.rentals));
        for law in [Law::Copies, Law::Events] {
            assert!(report.checked(law) > 1_000, "{bulk:?}:\n{report}");
        }
    }
}

#[tokio::test]
async fn a_rental_loaded_in_bulk_is_known_by_its_number_and_exactly_those_that_are_due_are_taken() {
    let databases = loaded(BULK).await;
    let of = |numbers: std::ops::Range<u32>| numbers.map(Bulk::rental_id).collect::<BTreeSet<_>>();
    let all = ids(&databases.rental, "SELECT rental_id FROM rentals").await;
    assert_eq!(all, of(0..BULK.rentals));
    for pool in [&databases.rental, &databases.billing] {
        let active = ids(
            pool,
            "SELECT rental_id FROM rentals WHERE status = 'ACTIVE'",
        )
        .await;
        assert_eq!(active, of(BULK.active()));
    }
    let mut connection = databases.billing.acquire().await.unwrap();
    let (tick, grace) = (TimeDelta::seconds(30), TimeDelta::seconds(5));
    let taken = db_billing::take_due(&mut connection, tick, grace, 1_000)
        .await
        .unwrap();
    let taken: BTreeSet<Uuid> = taken.into_iter().map(RentalId::uuid).collect();
    assert_eq!(taken, of(BULK.due()));
}
