//! What clients send, and what they hear.

use crate::stage::Stage;
use audit::Law;
use serde_json::{Value, json};
use testkit::{InvokeError, Response, fresh_key};

const IN_FLIGHT: &str = "A request with this Idempotency-Key is in progress";

/// A request under a key: it can be sent again.
#[derive(Clone, Debug)]
pub(crate) struct Keyed {
    path: &'static str,
    pub(crate) key: String,
    body: Value,
    /// In the world's time; its key is not older than that.
    pub(crate) made_at_sec: i64,
}

/// What a client hears.
pub(crate) enum Heard {
    /// The connection breaks: whatever was asked has happened or not.
    Nothing,
    /// 503, or 409 while a twin runs.
    ComeAgain,
    Answer(Response),
}

impl Stage {
    pub(crate) fn start(&self, quote_id: &str) -> Keyed {
        Keyed {
            path: "/api/v1/rentals/start",
            key: fresh_key(),
            body: json!({ "quote_id": quote_id }),
            made_at_sec: self.time.now_sec(),
        }
    }

    pub(crate) fn stop(&self, rental_id: &str, station_id: &str) -> Keyed {
        Keyed {
            path: "/api/v1/rentals/stop",
            key: fresh_key(),
            body: json!({ "rental_id": rental_id, "station_id": station_id }),
            made_at_sec: self.time.now_sec(),
        }
    }

    /// Sends a request under its key.
    pub(crate) async fn send(&self, request: &Keyed) -> Heard {
        let Keyed {
            path, key, body, ..
        } = request;
        let heard = self.post(path, Some(key), body).await;
        if let Heard::Answer(response) = &heard {
            self.compare(request, response);
        }
        heard
    }

    pub(crate) async fn quote(&self, user_id: &str, station_id: &str) -> Heard {
        let body = json!({ "user_id": user_id, "station_id": station_id });
        self.post("/api/v1/rentals/quote", None, &body).await
    }

    pub(crate) async fn status(&self, rental_id: &str) -> Heard {
        self.get(&format!("/api/v1/rentals/{rental_id}")).await
    }

    pub(crate) async fn health(&self) -> Heard {
        self.get("/api/v1/health").await
    }

    async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Heard {
        let answer = self.world.post(path, key, body).await;
        self.hear(&format!("POST {path} {body}"), answer)
    }

    async fn get(&self, path: &str) -> Heard {
        let answer = self.world.get(path).await;
        self.hear(&format!("GET {path}"), answer)
    }

    fn hear(&self, what: &str, answer: anyhow::Result<Response>) -> Heard {
        self.tally().requests.add_one();
        match answer {
            Ok(response) => match response.status {
                503 => Heard::ComeAgain,
                409 if response.body.contains(IN_FLIGHT) => Heard::ComeAgain,
                200 | 400 | 402 | 404 | 409 => Heard::Answer(response),
                _ => {
                    let Response { status, body, .. } = &response;
                    let defect = format!("a defect: {status} {body}");
                    self.violate(Law::SetAside, what, defect);
                    Heard::Nothing
                }
            },
            Err(error) => {
                let died = error.downcast_ref::<InvokeError>();
                if matches!(died, Some(InvokeError::Died(_))) {
                    self.tally().unanswered.add_one();
                } else {
                    self.violate(Law::SetAside, what, format!("a defect: {error:#}"));
                }
                Heard::Nothing
            }
        }
    }
}

/// Counts.
pub(crate) trait AddOne {
    fn add_one(&mut self);
}

impl AddOne for u64 {
    fn add_one(&mut self) {
        *self = self.saturating_add(1);
    }
}
