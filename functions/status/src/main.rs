//! `GET /api/v1/rentals/{rental_id}`.

use runtime::env::Env;
use status::Statuses;
use std::sync::Arc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::init_logs();
    let statuses = Arc::new(Statuses::from_env(&Env::of_process())?);
    runtime::http::serve(move |request| {
        let statuses = Arc::clone(&statuses);
        async move { statuses.handle(&request).await }
    })
    .await
}
