//! The endpoints, and what a bare function has to do to make the same round trips.

use crate::stage::{STATION, USER};
use serde::Serialize;
use serde_json::{Value, json};
use testkit::{Request, fresh_key};

/// An endpoint, in the order of a rental's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Endpoint {
    Quote,
    Start,
    Status,
    Stop,
    Health,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 5] = [
        Self::Quote,
        Self::Start,
        Self::Status,
        Self::Stop,
        Self::Health,
    ];

    /// The function that serves it.
    pub(crate) const fn function(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Start => "start",
            Self::Status => "status",
            Self::Stop => "stop",
            Self::Health => "health",
        }
    }

    /// What a bare function does to make the round trips of this endpoint, before its answer and
    /// after it; the outside systems are at `url`.
    pub(crate) fn floor(self, url: &str) -> Value {
        let get =
            |path: &str| json!({ "call": { "method": "GET", "url": format!("{url}{path}") } });
        let station = || get(&format!("/station-data?id={STATION}"));
        let together = |branches: Value| json!([{ "together": branches }]);
        let (steps, afterwards) = match self {
            Self::Quote => {
                let asked = json!({ "together": [
                    [station(), get("/tariff?id=tariff-1")],
                    [get(&format!("/user-profile?id={USER}"))],
                    [get("/configs")],
                ] });
                (json!([asked, write("rental")]), json!([]))
            }
            Self::Start => {
                let order = json!({ "user_id": USER, "order_id": fresh_key(), "amount": 500 });
                let steps = json!([
                    read("rental"),
                    write("rental"),
                    post(url, "/hold-money-for-order", &order),
                    write("rental"),
                    post(url, "/eject-powerbank", &json!({ "station_id": STATION })),
                    transaction("rental", 1, 1),
                ]);
                (steps, json!([write("billing"), write("rental")]))
            }
            Self::Status => (
                together(json!([[read("rental")], [read("billing")]])),
                json!([]),
            ),
            Self::Stop => (
                json!([read("rental"), station(), write("rental")]),
                json!([transaction("billing", 1, 2), write("rental")]),
            ),
            Self::Health => {
                let probes = json!([
                    [read("rental")],
                    [read("billing")],
                    [get("/station-data?id=health")],
                    [get("/tariff?id=health")],
                    [get("/user-profile?id=health")],
                    [get("/hold-money-for-order")],
                ]);
                (together(probes), json!([]))
            }
        };
        json!({ "steps": steps, "afterwards": afterwards })
    }
}

fn read(database: &str) -> Value {
    json!({ "statement": { "database": database, "writes": false } })
}

fn write(database: &str) -> Value {
    json!({ "statement": { "database": database, "writes": true } })
}

fn transaction(database: &str, reads: u32, writes: u32) -> Value {
    json!({ "transaction": { "database": database, "reads": reads, "writes": writes } })
}

fn post(url: &str, path: &str, body: &Value) -> Value {
    json!({ "call": {
        "method": "POST",
        "url": format!("{url}{path}"),
        "headers": { "content-type": "application/json", "idempotency-key": fresh_key() },
        "body": body.to_string(),
    } })
}

/// The floor's event: the same way in as the endpoint's own.
pub(crate) fn floor_event(plan: &Value) -> Value {
    let request = Request {
        method: "POST",
        path: "/api/v1/rentals/quote",
        headers: vec![("content-type", "application/json")],
        body: Some(plan.to_string()),
    };
    request.event()
}
