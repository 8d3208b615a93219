//! `POST /api/v1/rentals/quote`.

use quote::Quotes;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::init_logs();
    let quotes = Arc::new(Quotes::from_env()?);
    runtime::http::serve(move |request| {
        let quotes = Arc::clone(&quotes);
        async move { quotes.handle(&request).await }
    })
    .await
}
