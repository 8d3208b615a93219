//! The tick's process dies at each of its steps: what was intended is asked about, nothing is
//! taken twice, nothing is lost.

use crate::billed::{
    Attempt, DEMO, attempts, clears, current_debt, int, movements, next_slot, next_tick,
    no_lease_is_held, rented_for, stop,
};
use billing_tick::TickStep;
use runtime::step::Step;
use testkit::{Books, World, scheduled_event};

/// In one batch: a charge that is paid, one that is declined, and a collection.
struct Rentals {
    paying: String,
    /// Of a user without money.
    declined: String,
    owing: String,
}

async fn rentals(world: &World, step: TickStep) -> Rentals {
    let owes = format!("user-owes-{step:?}");
    for user in [&owes, &poor(step)] {
        world.stub.set_balance(user, 0).await.unwrap();
    }
    let owing = rented_for(world, &owes, DEMO, 150).await;
    next_tick(world).await;
    assert!(current_debt(world, &owing).await.unwrap() > 100);
    world.stub.set_balance(&owes, 100_000).await.unwrap();
    let paying = world.rent("user-a", DEMO).await.rental_id;
    let declined = rented_for(world, &poor(step), DEMO, 100).await;
    next_slot(world).await;
    Rentals {
        paying,
        declined,
        owing,
    }
}

fn poor(step: TickStep) -> String {
    format!("user-poor-{step:?}")
}

/// The newest attempt, and the books.
async fn newest(world: &World, rental_id: &str) -> (Option<Attempt>, Books) {
    let attempt = attempts(world, rental_id).await.pop();
    (attempt, world.books(rental_id).await.unwrap())
}

/// What the crash left behind.
async fn check_wreck(world: &World, step: TickStep, rentals: &Rentals) {
    let (paying, paid) = newest(world, &rentals.paying).await;
    let (declined, refused) = newest(world, &rentals.declined).await;
    let (owing, collected) = newest(world, &rentals.owing).await;
    let open = |attempt: &Option<Attempt>| attempt.as_ref().is_some_and(|a| a.status == "OPEN");
    match step {
        TickStep::Received => {
            assert!(paying.is_none() && declined.is_none());
            assert_eq!((paid.taken, collected.taken), (0, 0));
        }
        TickStep::Intended | TickStep::Calling => {
            assert!(open(&paying) && open(&declined) && open(&owing));
            assert_eq!((paid.taken, collected.taken), (0, 0));
            assert!(clears(world, &rentals.paying).await.is_empty());
        }
        // Which of them was called first is open, and others may be under way.
        TickStep::Answered => {
            assert!(open(&paying) && open(&declined) && open(&owing));
            assert_eq!((paid.paid, collected.paid, refused.debt), (0, 0, 0));
        }
        TickStep::Called => {
            assert!(open(&paying) && open(&declined) && open(&owing));
            assert_eq!((paid.taken, collected.taken), (paid.open, 100));
            assert_eq!((paid.paid, collected.paid, refused.debt), (0, 0, 0));
        }
        TickStep::Settled => {
            assert_eq!((paid.paid, collected.paid), (paid.taken, 100));
            assert!(paid.paid > 0 && refused.debt > 0);
        }
    }
    world.check_laws().await.unwrap();
}

/// What may still be worked on is left alone.
async fn nobody_takes_over(world: &World, step: TickStep, rentals: &Rentals) {
    let calls = clears(world, &rentals.paying).await.len();
    world.tick().await.unwrap();
    assert_eq!(
        clears(world, &rentals.paying).await.len(),
        calls,
        "{step:?}"
    );
}

#[tokio::test]
async fn a_tick_that_dies_at_any_step_is_carried_on_by_the_next() {
    let world = World::start().await;
    for step in TickStep::ALL {
        let rentals = rentals(&world, *step).await;
        world
            .abort_at(step.name(), "billing-tick", scheduled_event())
            .await
            .unwrap();
        check_wreck(&world, *step, &rentals).await;

        if *step != TickStep::Received {
            nobody_takes_over(&world, *step, &rentals).await;
        }

        next_tick(&world).await;
        world.check_laws().await.unwrap();
        world.stub.set_balance(&poor(*step), 100_000).await.unwrap();
        let all = [&rentals.paying, &rentals.declined, &rentals.owing];
        for rental_id in all {
            stop(&world, rental_id).await;
        }
        for _ in 0..4 {
            world.advance(61).await.unwrap();
            next_tick(&world).await;
        }
        world.settle_and_check().await.unwrap();
        no_lease_is_held(&world).await;
        for rental_id in all {
            let books = world.books(rental_id).await.unwrap();
            assert_eq!(Some(books.taken), books.total_amount, "{step:?}");
            assert_eq!((books.debt, books.held), (0, 0), "{step:?}");
            let succeeded = attempts(&world, rental_id).await;
            let succeeded = succeeded.iter().filter(|a| a.status == "SUCCEEDED").count();
            let takes = movements(&world, rental_id).await;
            let takes = takes.iter().filter(|kind| *kind == "clear").count();
            assert_eq!(takes, succeeded, "each attempt took once, {step:?}");
        }
    }
}

#[tokio::test]
async fn ticks_that_die_one_after_another_at_every_step_take_everything_once() {
    let world = World::start().await;
    let rental_id = rented_for(&world, "user-a", DEMO, 100).await;
    for _ in 0..2 {
        for step in TickStep::ALL {
            next_slot(&world).await;
            world
                .abort_at(step.name(), "billing-tick", scheduled_event())
                .await
                .unwrap();
            world.check_laws().await.unwrap();
        }
    }
    let total = stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.held), (total, total, 0));
    assert_eq!(int(&next_tick(&world).await, "rentals"), 0);
}
