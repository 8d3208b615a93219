//! What a person does by hand. Never on HTTP: `cargo lambda invoke operator`.

use operator::{Command, Operator};
use runtime::env::Env;
use std::sync::Arc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::init_logs();
    let operator = Arc::new(Operator::from_env(&Env::of_process())?);
    runtime::event::serve(move |command: Command, _| {
        let operator = Arc::clone(&operator);
        async move { operator.run(command).await }
    })
    .await
}
