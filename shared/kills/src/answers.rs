//! What was answered under which key: the same key gives the same bytes.

use crate::dice::Dice;
use crate::request::Keyed;
use crate::stage::Stage;
use audit::Law;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use testkit::Response;

/// Keys are kept for 24 h; time may have made its longest leap, of an hour, and nobody noted it yet.
const COMPARED_FOR_SEC: i64 = 22 * 3_600;
const QUOTE_ALREADY_USED: &str = "Quote already used";

/// The answers that are kept under their keys.
#[derive(Default)]
pub(crate) struct Answers(Mutex<BTreeMap<String, Answered>>);

struct Answered {
    request: Keyed,
    status: u16,
    body: String,
}

impl Answers {
    /// A request that was answered before.
    pub(crate) fn any(&self, dice: &mut Dice) -> Option<Keyed> {
        let answers = self.lock();
        let count = u64::try_from(answers.len()).unwrap_or(u64::MAX);
        let number = (count > 0).then(|| dice.number(0..count))?;
        let answered = answers.values().nth(usize::try_from(number).ok()?);
        answered.map(|answered| answered.request.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Answered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stage {
    /// Compares an answer with what the key gave before.
    pub(crate) fn compare(&self, request: &Keyed, response: &Response) {
        let age_sec = self.time.now_sec().saturating_sub(request.made_at_sec);
        if age_sec > COMPARED_FOR_SEC {
            return;
        }
        let Response { status, body, .. } = response;
        let changed = {
            let mut answers = self.answers.lock();
            match answers.get(&request.key) {
                None => {
                    if is_kept(response) {
                        let answered = Answered {
                            request: request.clone(),
                            status: *status,
                            body: body.clone(),
                        };
                        answers.insert(request.key.clone(), answered);
                    }
                    return;
                }
                Some(before) => (before.status != *status || before.body != *body)
                    .then(|| format!("{} {} became {status} {body}", before.status, before.body)),
            }
        };
        match changed {
            Some(what) => self.violate(Law::Answers, &format!("{request:?}"), what),
            None => self.tally().report.record(Law::Answers, 1),
        }
    }
}

/// The others are not stored: they may be answered in another way later.
fn is_kept(response: &Response) -> bool {
    match response.status {
        200 | 402 => true,
        409 => !response.body.contains(QUOTE_ALREADY_USED),
        _ => false,
    }
}
