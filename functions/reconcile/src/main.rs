//! Reconcile, scheduled like the billing tick.

use reconcile::Reconcile;
use runtime::ScheduledEvent;
use runtime::env::Env;
use std::sync::Arc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::init_logs();
    let reconcile = Arc::new(Reconcile::from_env(&Env::of_process())?);
    runtime::event::serve(move |_: ScheduledEvent, done_by| {
        let reconcile = Arc::clone(&reconcile);
        async move { reconcile.run(done_by).await }
    })
    .await
}
