//! A server of one's own per test, and a client for it.

use std::future::Future;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use stubs::{Settings, Stubs};
use tempfile::TempDir;

/// Far above what anything here takes, far below a stuck CI run.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Provider {
    folder: TempDir,
    stubs: Stubs,
    pub(crate) client: Talker,
}

/// Talks to one server; clones may be moved into tasks.
#[derive(Clone)]
pub(crate) struct Talker {
    client: Client,
    url: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let stubs = start_in(&folder).await;
        let client = Talker::new(stubs.url());
        Self {
            folder,
            stubs,
            client,
        }
    }

    /// The same data file under a new server, on another port.
    pub(crate) async fn restart(self) -> Self {
        self.stubs.shutdown().await;
        let stubs = start_in(&self.folder).await;
        let client = Talker::new(stubs.url());
        Self {
            folder: self.folder,
            stubs,
            client,
        }
    }

    pub(crate) async fn shutdown(self) {
        self.stubs.shutdown().await;
    }
}

async fn start_in(folder: &TempDir) -> Stubs {
    let settings = Settings::on_free_port(folder.path().join("data/stubs.redb"));
    Stubs::start(&settings).await.unwrap()
}

impl Talker {
    pub(crate) fn new(url: String) -> Self {
        // The first test of the process installs it, the others find it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(
            clippy::disallowed_methods,
            reason = "the runtime crate is not for the stubs"
        )]
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        Self { client, url }
    }

    pub(crate) fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).json(&body))
            .await
            .unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    /// For calls that may get no answer.
    pub(crate) async fn try_post(&self, path: &str, body: Value) -> reqwest::Result<Answer> {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn post_with(
        &self,
        headers: &[(&str, &str)],
        path: &str,
        body: Value,
    ) -> Answer {
        let mut request = self.request(Method::POST, path).json(&body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request).await.unwrap()
    }

    pub(crate) async fn keyed(&self, key: &str, path: &str, body: Value) -> Answer {
        self.post_with(&[("Idempotency-Key", key)], path, body)
            .await
    }

    pub(crate) async fn ledger(&self, order_id: &str) -> Value {
        self.get(&format!("/admin/ledger?order_id={order_id}"))
            .await
            .json()
    }

    pub(crate) async fn balance(&self, user_id: &str) -> Value {
        self.get(&format!("/admin/accounts/{user_id}")).await.json()["balance"].clone()
    }

    pub(crate) async fn stock(&self, station_id: &str) -> Value {
        let station = self
            .get(&format!("/station-data?id={station_id}"))
            .await
            .json();
        station["available_powerbanks"].clone()
    }
}

async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status().as_u16(),
        text: response.text().await?,
    })
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: Value) {
        assert_eq!((self.status, self.json()), (status, body));
    }
}

pub(crate) fn payment(user_id: &str, order_id: &str, amount: i64) -> Value {
    json!({ "user_id": user_id, "order_id": order_id, "amount": amount })
}

pub(crate) fn success() -> Value {
    json!({ "status": "success" })
}

/// Asks again until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let asking = async { while !is_so().await {} };
    tokio::time::timeout(PATIENCE, asking)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}
