//! `POST /api/v1/rentals/quote`.

use quote::Quotes;
use runtime::env::Env;
use std::sync::Arc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::init_logs();
    let quotes = Arc::new(Quotes::from_env(&Env::of_process())?);
    runtime::http::serve(move |request| {
        let quotes = Arc::clone(&quotes);
        async move { quotes.handle(&request).await }
    })
    .await
}
