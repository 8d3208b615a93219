//! The provider's ledger, read over HTTP as the stubs' `/admin` shows it.

use crate::books::{Eject, Order};
use crate::error::AuditError;
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::time::Duration;

/// How many ejects are read at once.
const EJECTS: u32 = 5_000;
/// How long it may take for a page.
const PATIENCE: Duration = Duration::from_secs(30);

/// The provider's ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    client: Client,
    url: String,
}

/// What the provider's stations ejected, by the key under which it was asked for. An eject names no
/// rental, so these are kept while the rentals are read page by page: some hundred bytes each.
#[derive(Debug, Default)]
pub(crate) struct Ejects {
    by_key: HashMap<String, Vec<Eject>>,
    /// Asked for without a key.
    keyless: Vec<Eject>,
}

#[derive(Deserialize)]
struct Orders {
    orders: Vec<Order>,
}

#[derive(Deserialize)]
struct EjectPage {
    ejects: Vec<Eject>,
}

impl Ledger {
    /// The ledger of the stubs at `url`, which has no slash at its end.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self {
            client,
            url: url.into(),
        }
    }

    /// Orders with their movements, in the order of their ids, after `after`.
    pub(crate) async fn orders(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Order>, AuditError> {
        let mut query = vec![("entries", "true".to_owned()), ("limit", limit.to_string())];
        query.extend(after.map(|after| ("after", after.to_owned())));
        let page: Orders = self.get("/admin/ledger", &query).await?;
        Ok(page.orders)
    }

    /// One order; none when the provider never heard of it.
    pub(crate) async fn order(&self, order_id: &str) -> Result<Option<Order>, AuditError> {
        let query = [("order_id", order_id.to_owned())];
        let order: Order = self.get("/admin/ledger", &query).await?;
        Ok(Some(order).filter(|order| order.user_id.is_some()))
    }

    /// Every eject there was.
    pub(crate) async fn ejects(&self) -> Result<Ejects, AuditError> {
        let mut ejects = Ejects::default();
        let mut after = 0;
        loop {
            let query = [("after", after.to_string()), ("limit", EJECTS.to_string())];
            let page: EjectPage = self.get("/admin/ejects", &query).await?;
            let Some(last) = page.ejects.last() else {
                return Ok(ejects);
            };
            after = last.seq;
            let is_last = u32::try_from(page.ejects.len()).is_ok_and(|read| read < EJECTS);
            ejects.add(page.ejects);
            if is_last {
                return Ok(ejects);
            }
        }
    }

    /// The ejects under one key.
    pub(crate) async fn ejects_under(&self, key: &str) -> Result<Vec<Eject>, AuditError> {
        let query = [("key", key.to_owned())];
        let page: EjectPage = self.get("/admin/ejects", &query).await?;
        Ok(page.ejects)
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, AuditError> {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request.query(query).timeout(PATIENCE);
        let answer = request.send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }
}

impl Ejects {
    fn add(&mut self, ejects: Vec<Eject>) {
        for eject in ejects {
            match &eject.key {
                Some(key) => self.by_key.entry(key.clone()).or_default().push(eject),
                None => self.keyless.push(eject),
            }
        }
    }

    /// Takes out what was ejected under a key.
    pub(crate) fn take(&mut self, key: &str) -> Vec<Eject> {
        self.by_key.remove(key).unwrap_or_default()
    }

    /// What is left, oldest first: ejected for nobody that was asked about.
    pub(crate) fn left(self) -> Vec<Eject> {
        let mut left = self.keyless;
        left.extend(self.by_key.into_values().flatten());
        left.sort_by_key(|eject| eject.seq);
        left
    }
}
