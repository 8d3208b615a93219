//! `POST /api/v1/rentals/start`.

use runtime::env::Env;
use start::Starts;
use std::sync::Arc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::init_logs();
    let starts = Arc::new(Starts::from_env(&Env::of_process())?);
    runtime::http::serve(move |request| {
        let starts = Arc::clone(&starts);
        async move { starts.handle(&request).await }
    })
    .await
}
