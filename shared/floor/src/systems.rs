//! A bare HTTP client.

use crate::plan::Call;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambda_http::Error;
use lambda_http::http::Request;

/// The outside systems, wherever they are.
pub struct Systems {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Default for Systems {
    fn default() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
        }
    }
}

impl Systems {
    /// Makes a request and reads its answer, whatever that says.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn call(&self, call: &Call) -> Result<(), Error> {
        let mut request = Request::builder()
            .method(call.method.as_str())
            .uri(&call.url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(call.body.clone())))?;
        let response = self.client.request(request).await?;
        let answer = response.into_body().collect().await?.to_bytes();
        serde_json::from_slice::<serde_json::Value>(&answer)?;
        Ok(())
    }
}
