//! The functions of the project, each with an invocation that does no harm.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::stream::{self, StreamExt, TryStreamExt};
use reqwest::Method;
use serde_json::{Value, json};

use crate::events;
use crate::http::{Answer, Server};
use crate::output::Step;

/// The id of a rental that never was.
const NO_RENTAL: &str = "rental-00000000-0000-7000-8000-000000000000";

/// How many functions are warmed at once: their start costs processor time.
const AT_ONCE: usize = 4;

/// How long a cold function may take to answer.
pub const WARM_UP_PATIENCE: Duration = Duration::from_secs(60);

/// How a function is reached.
#[derive(Clone, Copy, Debug)]
enum Door {
    Http {
        method: &'static str,
        path: &'static str,
    },
    Schedule,
    Operator,
}

/// A function of this project.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name, which is also its binary's.
    pub name: &'static str,
    door: Door,
}

/// Every function that runs locally.
pub const FUNCTIONS: [Function; 8] = [
    http("quote", "POST", "/api/v1/rentals/quote"),
    http("start", "POST", "/api/v1/rentals/start"),
    http("stop", "POST", "/api/v1/rentals/stop"),
    http(
        "status",
        "GET",
        "/api/v1/rentals/rental-00000000-0000-7000-8000-000000000000",
    ),
    http("health", "GET", "/api/v1/health"),
    Function {
        name: "billing-tick",
        door: Door::Schedule,
    },
    Function {
        name: "reconcile",
        door: Door::Schedule,
    },
    Function {
        name: "operator",
        door: Door::Operator,
    },
];

/// The functions that the scheduler invokes.
pub fn scheduled() -> impl Iterator<Item = &'static str> {
    FUNCTIONS
        .iter()
        .filter(|function| matches!(function.door, Door::Schedule))
        .map(|function| function.name)
}

const fn http(name: &'static str, method: &'static str, path: &'static str) -> Function {
    Function {
        name,
        door: Door::Http { method, path },
    }
}

impl Function {
    /// Invokes it once without doing harm, so that nobody waits for its start.
    ///
    /// # Errors
    /// When it does not answer, or answers that it is broken.
    async fn warm_up(self, api: &Server) -> Result<()> {
        let name = self.name;
        let answer = match self.door {
            // A body without fields and without a key is refused.
            Door::Http { method, path } => {
                let method = Method::from_bytes(method.as_bytes()).context("not a method")?;
                let body = (method == Method::POST).then(|| json!({}));
                api.send(method, path, &[], body.as_ref()).await
            }
            Door::Schedule => api.invoke(name, &events::scheduled(name)).await,
            Door::Operator => api.invoke(name, &events::show(NO_RENTAL)).await,
        };
        let answer = answer.with_context(|| format!("function {name} does not start"))?;
        if self.is_sound(&answer) {
            Ok(())
        } else {
            bail!(
                "function {name} is broken: it answered {} {}",
                answer.status,
                answer.text()
            )
        }
    }

    fn is_sound(self, answer: &Answer) -> bool {
        let body = answer.json().unwrap_or(Value::Null);
        match self.door {
            Door::Http { .. } => body.is_object() && matches!(answer.status, 200..500 | 503),
            Door::Schedule => answer.status == 200,
            // It may well call a rental that never was an error.
            Door::Operator => !body.is_null(),
        }
    }
}

/// Starts every function by one harmless invocation.
///
/// # Errors
/// With the function that does not answer.
pub async fn warm_up(api: &Server, step: &Step) -> Result<()> {
    let warm = stream::iter(FUNCTIONS).map(async |function| {
        function.warm_up(api).await?;
        step.now(format_args!("{} answers", function.name));
        anyhow::Ok(())
    });
    warm.buffer_unordered(AT_ONCE).try_collect().await
}
