//! Two workers deliver the same row of the outbox, and come to different ends.

use crate::billed::{PLAIN, RICH, stop};
use db::Database;
use db_rental::ShownTransition;
use domain::RentalId;
use testkit::World;

/// The outbox of a rental that was stopped.
struct Outbox {
    world: World,
    rentals: Database,
    rental_id: RentalId,
}

impl Outbox {
    async fn of_a_stopped_rental() -> Self {
        let world = World::start().await;
        let rental_id = world.rent(RICH, PLAIN).await.rental_id;
        stop(&world, &rental_id).await;
        Self {
            rentals: Database::from(&world.databases.rental),
            rental_id: rental_id.parse().unwrap(),
            world,
        }
    }

    /// The transition to the end.
    async fn end(&self) -> ShownTransition {
        let transitions = self
            .rentals
            .statement("transitions", async |c| {
                db_rental::transitions(c, self.rental_id).await
            })
            .await;
        transitions.unwrap().pop().unwrap()
    }

    async fn deliver(&self) {
        let event_id = self.end().await.event_id;
        self.rentals
            .tx("deliver", async |c| {
                db_rental::copied(c, &[event_id]).await?;
                db_rental::returned(c, event_id).await
            })
            .await
            .unwrap();
    }

    async fn set_aside(&self) {
        let event_id = self.end().await.event_id;
        self.rentals
            .tx("set_aside", async |c| {
                db_rental::set_aside_copy(c, event_id, "bad").await?;
                db_rental::set_aside_return(c, event_id, "bad").await
            })
            .await
            .unwrap();
    }

    async fn assert_delivered(self) {
        let end = self.end().await;
        assert!(end.copied_at.is_some() && end.returned_at.is_some());
        assert_eq!((end.copy_error, end.return_error), (None, None));
        self.world.settle_and_check().await.unwrap();
    }
}

#[tokio::test]
async fn what_was_delivered_is_not_set_aside_by_a_slower_worker() {
    let outbox = Outbox::of_a_stopped_rental().await;
    outbox.deliver().await;
    outbox.set_aside().await;
    outbox.assert_delivered().await;
}

#[tokio::test]
async fn what_was_set_aside_and_is_delivered_by_a_slower_worker_waits_for_nobody() {
    let outbox = Outbox::of_a_stopped_rental().await;
    let forget = "UPDATE outbox SET copied_at = NULL".to_owned();
    crate::billed::sql(&outbox.world.databases.rental, forget).await;
    outbox.set_aside().await;
    outbox.deliver().await;
    outbox.assert_delivered().await;
}
