//! The play itself, scene by scene.

use std::ops::RangeInclusive;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::books::Books;
use super::check::{self, Expect};
use super::show;
use super::stage::Stage;
use crate::http::{Answer, Server};
use crate::output::Output;

/// The station of the demo tariff.
const STATION: &str = "station-demo";

/// What that tariff costs: one unit a second, from the first second on.
const PRICE_PER_HOUR: i64 = 3600;

/// What is held while the rental runs.
const DEPOSIT: i64 = 500;

/// What a rental costs at most.
const BUYOUT: i64 = 5000;

/// A rental of which the play knows what it must look like.
struct Rental {
    id: String,
    powerbank_id: String,
    started_at: Value,
    start_sent: Instant,
    start_answered: Instant,
}

impl Rental {
    /// How many seconds it may have lasted when a request was sent and
    /// answered at these moments; both ends are cut to whole seconds.
    fn seconds(&self, sent: Instant, answered: Instant) -> RangeInclusive<i64> {
        let least = sent.duration_since(self.start_answered).as_secs();
        let most = answered.duration_since(self.start_sent).as_secs();
        let whole = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        whole(least).saturating_sub(1)..=whole(most).saturating_add(2)
    }
}

/// Plays one rental and checks every answer; the rental's id.
///
/// # Errors
/// What differed: where, what was expected, what came.
pub async fn play(stage: &Stage, output: &Output) -> Result<String> {
    let books = Books::new(stage, output).await?;

    show::scene(output, "1. A quote");
    let quote_id = quote(stage, output).await?;

    show::scene(output, "2. The start");
    let rental = start(stage, output, &quote_id).await?;

    show::scene(output, "3. Two ticks");
    let paid_once = books.wait_for_payment(&rental.id, 0).await?;
    let paid_twice = books.wait_for_payment(&rental.id, paid_once).await?;

    show::scene(output, "4. The status");
    status(stage, output, &rental, paid_twice).await?;

    show::scene(output, "5. The stop");
    let total = stop(stage, output, &rental).await?;

    show::scene(output, "6. The last tick");
    books.wait_until_closed(&rental.id, total).await?;

    show::scene(output, "7. The ledger of the payment provider");
    ledger(stage, output, &rental.id, total).await?;

    output.line(format_args!(
        "\n{}",
        console::style(format!(
            "The demo is complete: {} cost {total}, {total} was taken, nothing is held, owed or open.",
            rental.id
        ))
        .green()
        .bold()
    ));
    Ok(rental.id)
}

async fn quote(stage: &Stage, output: &Output) -> Result<String> {
    let user_id = format!("user-demo-{}", runtime::fresh_id());
    let body = json!({ "user_id": user_id, "station_id": STATION });
    let answer = post(&stage.api, output, "/api/v1/rentals/quote", &[], &body).await?;
    let quote = checked(
        output,
        "quote",
        &answer,
        &[
            ("quote_id", Expect::Id("quote-")),
            ("price_per_hour", Expect::Is(json!(PRICE_PER_HOUR))),
            ("free_period_min", Expect::Is(json!(0))),
            ("deposit", Expect::Is(json!(DEPOSIT))),
            ("expires_in_sec", Expect::Is(json!(60))),
        ],
    )?;
    text(&quote, "quote_id")
}

async fn start(stage: &Stage, output: &Output, quote_id: &str) -> Result<Rental> {
    let path = "/api/v1/rentals/start";
    let key = runtime::fresh_id().to_string();
    let headers = [("Idempotency-Key", key.as_str())];
    let body = json!({ "quote_id": quote_id });
    let start_sent = Instant::now();
    let answer = post(&stage.api, output, path, &headers, &body).await?;
    let start_answered = Instant::now();
    let started = checked(
        output,
        "start",
        &answer,
        &[
            ("rental_id", Expect::Id("rental-")),
            ("powerbank_id", Expect::Text),
            ("status", Expect::Is(json!("ACTIVE"))),
            ("started_at", Expect::Moment),
            ("total_amount", Expect::Is(json!(0))),
        ],
    )?;
    repeat(&stage.api, output, path, &headers, &body, &answer).await?;
    Ok(Rental {
        id: text(&started, "rental_id")?,
        powerbank_id: text(&started, "powerbank_id")?,
        started_at: field(&started, "started_at")?,
        start_sent,
        start_answered,
    })
}

async fn status(stage: &Stage, output: &Output, rental: &Rental, paid: i64) -> Result<()> {
    let path = format!("/api/v1/rentals/{}", rental.id);
    show::request(output, "GET", &path, &[], None);
    let sent = Instant::now();
    let answer = stage.api.get(&path).await?;
    let seconds = rental.seconds(sent, Instant::now());
    show::answer(output, &answer);
    let amounts = due(*seconds.start()).max(paid)..=due(*seconds.end());
    let status = checked(
        output,
        "status",
        &answer,
        &[
            ("rental_id", Expect::Is(json!(rental.id))),
            ("status", Expect::Is(json!("ACTIVE"))),
            ("powerbank_id", Expect::Is(json!(rental.powerbank_id))),
            ("started_at", Expect::Is(rental.started_at.clone())),
            ("total_amount", Expect::Within(amounts)),
            ("current_debt", Expect::Is(json!(0))),
            (
                "duration_minutes",
                Expect::Within(minutes(*seconds.start())..=minutes(*seconds.end())),
            ),
        ],
    )?;
    // At one unit a second the amount tells the seconds.
    let total = number(&status, "total_amount")?;
    check::equal(
        "status: duration_minutes",
        minutes(total),
        number(&status, "duration_minutes")?,
    )
}

async fn stop(stage: &Stage, output: &Output, rental: &Rental) -> Result<i64> {
    let path = "/api/v1/rentals/stop";
    let key = runtime::fresh_id().to_string();
    let headers = [("Idempotency-Key", key.as_str())];
    let body = json!({ "rental_id": rental.id, "station_id": STATION });
    let sent = Instant::now();
    let answer = post(&stage.api, output, path, &headers, &body).await?;
    let possible = rental.seconds(sent, Instant::now());
    let stopped = checked(
        output,
        "stop",
        &answer,
        &[
            ("rental_id", Expect::Is(json!(rental.id))),
            ("status", Expect::Is(json!("FINISHED"))),
            ("started_at", Expect::Is(rental.started_at.clone())),
            ("finished_at", Expect::Moment),
            ("total_amount", Expect::Within(0..=BUYOUT)),
            ("duration_minutes", Expect::Within(0..=i64::MAX)),
        ],
    )?;
    let moment = |name| check::moment(&field(&stopped, name)?).context("not a moment");
    let lasted = moment("finished_at")?.signed_duration_since(moment("started_at")?);
    let seconds = lasted.num_seconds();
    if !possible.contains(&seconds) {
        bail!(
            "stop: finished_at - started_at: expected {} to {} seconds, got {seconds}",
            possible.start(),
            possible.end()
        );
    }
    let total = number(&stopped, "total_amount")?;
    check::equal("stop: total_amount", due(seconds), total)?;
    check::equal(
        "stop: duration_minutes",
        minutes(seconds),
        number(&stopped, "duration_minutes")?,
    )?;
    show::holds(
        output,
        &format!("{seconds} seconds at one unit a second cost {total}"),
    );
    repeat(&stage.api, output, path, &headers, &body, &answer).await?;
    Ok(total)
}

async fn ledger(stage: &Stage, output: &Output, rental_id: &str, total: i64) -> Result<()> {
    let path = format!("/admin/ledger?order_id={rental_id}");
    show::request(output, "GET", &path, &[], None);
    let answer = stage.stubs.get(&path).await?;
    show::answer(output, &answer);
    check::status("ledger", &answer, 200)?;
    let ledger = answer.json()?;
    check::equal("ledger: taken", total, number(&ledger, "taken")?)?;
    check::equal("ledger: held", 0, number(&ledger, "held")?)?;
    check::equal("ledger: holds", 1, number(&ledger, "holds")?)?;
    show::holds(
        output,
        "what was taken is what was due, by one hold, of which nothing is left",
    );
    Ok(())
}

async fn post(
    server: &Server,
    output: &Output,
    path: &str,
    headers: &[(&'static str, &str)],
    body: &Value,
) -> Result<Answer> {
    show::request(output, "POST", path, headers, Some(body));
    let answer = server.send(Method::POST, path, headers, Some(body)).await?;
    show::answer(output, &answer);
    Ok(answer)
}

/// Sends a request again and demands the same bytes.
async fn repeat(
    server: &Server,
    output: &Output,
    path: &str,
    headers: &[(&'static str, &str)],
    body: &Value,
    first: &Answer,
) -> Result<()> {
    let second = server.send(Method::POST, path, headers, Some(body)).await?;
    check::status("the same request again", &second, first.status)?;
    if second.bytes != first.bytes {
        bail!(
            "the same request again: expected the same bytes {}, got {}",
            first.text(),
            second.text()
        );
    }
    show::holds(
        output,
        &format!(
            "the same request with the same key again: the same {} bytes",
            second.bytes.len()
        ),
    );
    Ok(())
}

/// The body of a 200 that has exactly these fields.
fn checked(
    output: &Output,
    what: &str,
    answer: &Answer,
    fields: &[(&str, Expect)],
) -> Result<Value> {
    check::status(what, answer, 200)?;
    let body = answer.json()?;
    check::body(what, &body, fields)?;
    show::holds(
        output,
        &format!("all {} fields are as they must be", fields.len()),
    );
    Ok(body)
}

/// What a rental of this length costs.
fn due(seconds: i64) -> i64 {
    // The tariff's 3600 an hour, rounded up to whole units, are the seconds.
    seconds.clamp(0, BUYOUT)
}

fn minutes(seconds: i64) -> i64 {
    seconds.checked_div(60).unwrap_or(0)
}

fn field(body: &Value, name: &str) -> Result<Value> {
    let value = body.get(name).cloned();
    value.with_context(|| format!("{name}: expected it to be there"))
}

fn text(body: &Value, name: &str) -> Result<String> {
    let value = body.get(name).and_then(Value::as_str).map(str::to_owned);
    value.with_context(|| format!("{name}: expected a text, got {body}"))
}

fn number(body: &Value, name: &str) -> Result<i64> {
    let value = body.get(name).and_then(Value::as_i64);
    value.with_context(|| format!("{name}: expected a whole number, got {body}"))
}
