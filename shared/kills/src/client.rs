//! Clients: they rent, look, stop, and ask again for what was not answered.

use crate::dice::Dice;
use crate::request::{AddOne, Heard, Keyed};
use crate::stage::{STATIONS, Stage};
use anyhow::Result;
use serde_json::Value;
use std::time::Duration;
use testkit::Response;

/// Of 100 clients that got no answer, so many never come back.
const NEVER_COME_BACK: u32 = 15;
/// Of 100 requests under a key, so many are sent twice at once.
const TWICE: u32 = 8;
/// Of 100 rentals, so many are left to their buyout.
const NEVER_STOPPED: u32 = 35;
/// With the pauses between them longer than a lease lasts.
const MOST_TRIES: u32 = 45;
const FIRST_PAUSE: Duration = Duration::from_millis(40);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Stage {
    /// One client after the other, as long as the load lasts.
    pub(crate) async fn let_clients_come(&self, number: u64) -> Result<()> {
        let mut dice = self.dice(("client", number));
        let users = Self::users();
        while self.is_loading() {
            let user_id = dice.pick(&users).map_or("", String::as_str);
            self.rent(user_id, &mut dice).await;
            if dice.percent(10)
                && let Some(request) = self.answers.any(&mut dice)
            {
                self.send(&request).await;
            }
            self.pause(dice.millis(0..60)).await;
        }
        Ok(())
    }

    /// A rental from its quote to its end, as far as this client goes.
    async fn rent(&self, user_id: &str, dice: &mut Dice) {
        let station_id = dice.pick(&STATIONS).copied().unwrap_or_default();
        let Some(quote_id) = field(self.quote(user_id, station_id).await, "quote_id") else {
            return;
        };
        let start = self.insist(self.start(&quote_id), dice).await;
        let Some(rental_id) = field(start, "rental_id") else {
            return;
        };
        self.tally().starts.add_one();
        self.rented().push(rental_id.clone());
        if dice.percent(NEVER_STOPPED) {
            return;
        }
        self.pause(dice.millis(0..1_200)).await;
        if dice.percent(60) {
            self.status(&rental_id).await;
        }
        let station_id = dice.pick(&STATIONS).copied().unwrap_or_default();
        let stop = self.insist(self.stop(&rental_id, station_id), dice).await;
        if matches!(stop, Heard::Answer(Response { status: 200, .. })) {
            self.tally().stops.add_one();
        }
        if dice.percent(10) {
            // Under another key: the end is told again.
            self.send(&self.stop(&rental_id, station_id)).await;
        }
    }

    /// Sends a request until it is answered, with growing pauses; some give up before.
    async fn insist(&self, request: Keyed, dice: &mut Dice) -> Heard {
        let mut pause = FIRST_PAUSE;
        for _ in 0..MOST_TRIES {
            let heard = match dice.percent(TWICE) {
                true => tokio::join!(self.send(&request), self.send(&request)).0,
                false => self.send(&request).await,
            };
            match heard {
                Heard::Answer(_) => return heard,
                Heard::Nothing if dice.percent(NEVER_COME_BACK) => return heard,
                _ if self.is_over() => return heard,
                Heard::Nothing | Heard::ComeAgain => {}
            }
            self.tally().retries.add_one();
            tokio::time::sleep(dice.micros(pause)).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
        Heard::ComeAgain
    }
}

/// A field of a 200.
fn field(heard: Heard, field: &str) -> Option<String> {
    let Heard::Answer(response) = heard else {
        return None;
    };
    let body: Value = serde_json::from_str(&response.body).ok()?;
    let text = body.get(field).and_then(Value::as_str);
    text.filter(|_| response.status == 200).map(str::to_owned)
}
