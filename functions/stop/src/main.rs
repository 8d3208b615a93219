//! `POST /api/v1/rentals/stop`.

use runtime::env::Env;
use std::sync::Arc;
use stop::Stops;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::init_logs();
    let stops = Arc::new(Stops::from_env(&Env::of_process())?);
    runtime::http::serve(move |request| {
        let stops = Arc::clone(&stops);
        async move { stops.handle(&request).await }
    })
    .await
}
