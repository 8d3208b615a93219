//! A bare tick: batch by batch, what is due is leased and the intents are committed, the provider is
//! called, and the outcomes are committed.

use floor::databases::Databases;
use floor::plan::{Call, Ticked};
use floor::systems::Systems;
use futures::future::try_join_all;
use lambda_http::Error;
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Default)]
struct Floor {
    databases: Databases,
    systems: Systems,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let floor = &*Box::leak(Box::<Floor>::default());
    run(service_fn(|event: LambdaEvent<Ticked>| {
        floor.tick(event.payload)
    }))
    .await
}

impl Floor {
    /// How many it billed.
    async fn tick(&self, ticked: Ticked) -> Result<usize, Error> {
        let mut billed: usize = 0;
        while let Some(batch) = self
            .databases
            .intend(ticked.moment_sec, ticked.batch)
            .await?
        {
            let calls = batch.attempts.iter();
            try_join_all(calls.map(|attempt| self.clear(&ticked.url, *attempt))).await?;
            self.databases.settle(ticked.moment_sec, &batch).await?;
            billed = billed.saturating_add(batch.attempts.len());
        }
        Ok(billed)
    }

    async fn clear(&self, url: &str, attempt: Uuid) -> Result<(), Error> {
        let body = format!(r#"{{"user_id":"user-123","order_id":"{attempt}","amount":1}}"#);
        let headers = [
            ("content-type".to_owned(), "application/json".to_owned()),
            ("idempotency-key".to_owned(), attempt.to_string()),
        ];
        let call = Call {
            method: "POST".to_owned(),
            url: format!("{url}/clear-money-for-order"),
            headers: HashMap::from(headers),
            body,
        };
        self.systems.call(&call).await
    }
}
