//! The billing tick, scheduled every `BILLING_TICK_SEC`.

use billing_tick::BillingTick;
use runtime::ScheduledEvent;
use runtime::env::Env;
use std::sync::Arc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::init_logs();
    let tick = Arc::new(BillingTick::from_env(&Env::of_process())?);
    runtime::event::serve(move |_: ScheduledEvent, done_by| {
        let tick = Arc::clone(&tick);
        async move { tick.run(done_by).await }
    })
    .await
}
