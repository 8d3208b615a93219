//! `GET /api/v1/health`.

use health::Health;
use runtime::env::Env;
use std::sync::Arc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::init_logs();
    let health = Arc::new(Health::from_env(&Env::of_process())?);
    runtime::http::serve(move |_request| {
        let health = Arc::clone(&health);
        async move { health.handle().await }
    })
    .await
}
