//! A bare HTTP function: it makes the round trips that its event names, and answers.

use floor::databases::Databases;
use floor::plan::{Plan, Step};
use floor::systems::Systems;
use futures::future::{BoxFuture, FutureExt, try_join_all};
use lambda_http::lambda_runtime::Runtime;
use lambda_http::tower::util::ThenLayer;
use lambda_http::{Adapter, Body, Error, Request, Response, service_fn};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Floor {
    databases: Databases,
    systems: Systems,
    afterwards: Mutex<Vec<Step>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let floor = &*Box::leak(Box::<Floor>::default());
    let finish = |answered: Result<(), Error>| async {
        floor.finish().await?;
        answered
    };
    Runtime::new(Adapter::from(service_fn(|request| floor.answer(request))))
        .layer(ThenLayer::new(finish))
        .run()
        .await
}

impl Floor {
    async fn answer(&self, request: Request) -> Result<Response<Body>, Error> {
        let Plan { steps, afterwards } = serde_json::from_slice(request.body())?;
        self.take(&steps).await?;
        *self.lock() = afterwards;
        let response = Response::builder().header("content-type", "application/json");
        Ok(response.body(Body::from(r#"{"status":"done"}"#))?)
    }

    /// The answer went out.
    async fn finish(&self) -> Result<(), Error> {
        let afterwards = std::mem::take(&mut *self.lock());
        self.take(&afterwards).await
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Step>> {
        self.afterwards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn take<'a>(&'a self, steps: &'a [Step]) -> BoxFuture<'a, Result<(), Error>> {
        async move {
            for step in steps {
                match step {
                    Step::Call(call) => self.systems.call(call).await?,
                    Step::Transaction(transaction) => {
                        self.databases.transaction(transaction).await?;
                    }
                    Step::Statement(statement) => self.databases.statement(statement).await?,
                    Step::Together(branches) => {
                        try_join_all(branches.iter().map(|branch| self.take(branch))).await?;
                    }
                }
            }
            Ok(())
        }
        .boxed()
    }
}
