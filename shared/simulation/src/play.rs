//! Plays a history: begins flows, lets one of them go on at a time, and looks at the books after
//! each step.

use crate::choice::{pick, rest};
use crate::clients::Clients;
use crate::commands::WHO;
use crate::fault::{Db, Strike};
use crate::flow::{Flow, Invocation};
use crate::history::{Command, History, Operation};
use crate::real_time::RealTime;
use crate::stage::{PAST_A_LEASE_SEC, SPOILT, STATIONS, Stage, user_id};
use crate::tally::Tally;
use anyhow::Result;
use audit::{Law, Named, Violation, When};
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use uuid::Uuid;

/// Longer than two ticks, and than any lease.
const A_ROUND_SEC: i64 = 61;

/// What came of a history.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) tally: Tally,
    /// How many of its operations were performed.
    pub(crate) performed: usize,
    /// What happened, line by line; a history that is played again has the same.
    pub(crate) trace: Vec<String>,
    /// The laws that were broken; none for a good history.
    pub(crate) violations: Vec<String>,
}

/// Plays a history from its beginning to two rounds after its end, or to its first violation.
pub(crate) async fn play(history: &History, real_time: &RealTime) -> Result<Played> {
    crate::ids::begin();
    let mut play = Play {
        stage: Stage::build(&history.setup, real_time.clone()).await?,
        users: history.setup.users.len(),
        flows: BTreeMap::new(),
        begun: 0,
        clients: Clients::default(),
        waiting: VecDeque::new(),
        played: Played::default(),
        moved: true,
        heard: (0, 0),
        is_calm: false,
    };
    match play.play(history).await {
        Ok(()) => Ok(play.played),
        Err(error) => Err(error.context(play.played.trace.join("\n"))),
    }
}

pub(crate) struct Play {
    pub(crate) stage: Stage,
    users: usize,
    pub(crate) flows: BTreeMap<usize, Flow>,
    pub(crate) begun: usize,
    pub(crate) clients: Clients,
    /// What lies in wait, with a number that chooses.
    pub(crate) waiting: VecDeque<(Strike, usize)>,
    pub(crate) played: Played,
    /// Whether the time moved, or something may have been asked of the outside, since the last look
    /// at the books.
    pub(crate) moved: bool,
    /// What either database had heard at the last look.
    heard: (u64, u64),
    /// Whether the last fault has ended: from then on everything succeeds.
    pub(crate) is_calm: bool,
}

impl Play {
    async fn play(&mut self, history: &History) -> Result<()> {
        for operation in &history.operations {
            self.note(format!("{operation:?}"));
            let before = self.begun;
            self.perform(operation).await?;
            self.played.performed = self.played.performed.saturating_add(1);
            // What found nothing to do, or only lies in wait, is none.
            let has_begun = self.begun > before;
            self.played
                .tally
                .performed(has_begun || operation.is_something_by_itself());
            if self.is_over() {
                return Ok(());
            }
        }
        self.come_to_rest(history.clients_come_back).await?;
        self.played.tally.ends_a_history();
        Ok(())
    }

    pub(crate) fn is_over(&self) -> bool {
        !self.played.violations.is_empty()
    }

    async fn perform(&mut self, operation: &Operation) -> Result<()> {
        match operation {
            Operation::GoOn(choice) => self.go_on(*choice).await,
            Operation::GoOnUnder { flow, steps, fault } => self.meet(*flow, *steps, *fault).await,
            Operation::Finish(choice) => self.go_on_to_the_end(*choice).await,
            Operation::Rent { user, station } => self.rent(*user, *station).await,
            Operation::StartAgain(choice) => match self.clients.start(*choice) {
                Some(start) => self.set_off(start).await,
                None => Ok(()),
            },
            Operation::Stop { rental, station } => self.stop(*rental, *station).await,
            Operation::StartAnew(choice) => match self.clients.earlier_quote(*choice) {
                Some(quote_id) => {
                    self.start_by(quote_id, runtime::fresh_id().to_string())
                        .await
                }
                None => Ok(()),
            },
            Operation::StartOther { start, quote } => {
                let key = self.clients.key_of_a_start(*start);
                match key.zip(self.clients.earlier_quote(*quote)) {
                    Some((key, quote_id)) => self.start_by(quote_id, key).await,
                    None => Ok(()),
                }
            }
            Operation::StopAgain(choice) => match self.clients.stop(*choice) {
                Some(stop) => self.set_off(stop).await,
                None => Ok(()),
            },
            Operation::Look(choice) => match self.started(*choice).await? {
                Some(rental_id) => self.run_to_its_end(Invocation::Status { rental_id }).await,
                None => Ok(()),
            },
            Operation::Ticks(count) => {
                for _ in 0..*count {
                    self.set_off(Invocation::Tick).await?;
                }
                Ok(())
            }
            Operation::Reconcile => self.set_off(Invocation::Reconcile).await,
            Operation::Command { command, choice } => self.command(*command, *choice).await,
            Operation::Wait(seconds) => self.wait(*seconds).await,
            Operation::Ambush { strike, choice } => self.ambush(*strike, *choice).await,
            Operation::LieInWait { strike, choice } => {
                self.waiting.push_back((*strike, *choice));
                Ok(())
            }
            Operation::Pay { user, balance } => {
                let user_id = user_id(rest(*user, self.users));
                self.stage.stub.set_balance(&user_id, *balance).await
            }
            Operation::Restock {
                station,
                bank_is_out,
            } => self.restock(*station, *bank_is_out).await,
            Operation::Spoil { rental, what } => match self.started(*rental).await? {
                Some(rental_id) => self.stage.spoil(uuid(&rental_id)?, *what).await,
                None => Ok(()),
            },
            Operation::Mend => self.mend().await,
            Operation::LateOnesArrive => self.late_ones_arrive().await,
        }
    }

    /// A quote, and where there is one, a start by it.
    pub(crate) async fn rent(&mut self, user: usize, station: usize) -> Result<()> {
        let quote = Invocation::Quote {
            user_id: user_id(rest(user, self.users)),
            station_id: station_id(station),
        };
        self.run_to_its_end(quote).await?;
        match self.clients.take_quote() {
            Some(quote_id) => {
                self.start_by(quote_id, runtime::fresh_id().to_string())
                    .await
            }
            None => Ok(()),
        }
    }

    async fn start_by(&mut self, quote_id: String, key: String) -> Result<()> {
        self.set_off(Invocation::Start { quote_id, key }).await
    }

    async fn stop(&mut self, rental: usize, station: usize) -> Result<()> {
        match self.started(rental).await? {
            Some(rental_id) => self.begin_stop(rental_id, station).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn begin_stop(&mut self, rental_id: String, station: usize) -> Result<()> {
        let stop = Invocation::Stop {
            rental_id,
            station_id: station_id(station),
            key: runtime::fresh_id().to_string(),
        };
        self.set_off(stop).await
    }

    async fn command(&mut self, command: Command, choice: usize) -> Result<()> {
        match self.stage.said(command, choice).await? {
            Some(command) => self.set_off(Invocation::Operator(command)).await,
            None => Ok(()),
        }
    }

    async fn restock(&mut self, station: usize, bank_is_out: bool) -> Result<()> {
        let mut changes = json!({ "available_powerbanks": 20 });
        if bank_is_out && let Some(powerbank_id) = self.stage.bank_that_is_out().await? {
            changes = json!({ "available_powerbanks": 20, "next_powerbank_id": powerbank_id });
        }
        let path = format!("/admin/stations/{}", station_id(station));
        self.stage.stub.put(&path, changes).await
    }

    async fn mend(&mut self) -> Result<()> {
        for rental_id in self.stage.mend().await? {
            let rental_id = format!("rental-{rental_id}");
            let requeue = json!({ "command": "requeue", "rental_id": rental_id, "operator": WHO });
            self.run_to_its_end(Invocation::Operator(requeue)).await?;
        }
        Ok(())
    }

    pub(crate) async fn late_ones_arrive(&mut self) -> Result<()> {
        self.stage.stub.late_requests_arrive().await?;
        self.moved = true;
        self.audit(When::AnyMoment).await
    }

    pub(crate) async fn wait(&mut self, seconds: i64) -> Result<()> {
        self.stage.wait(seconds).await?;
        self.moved = true;
        self.audit(When::AnyMoment).await
    }

    /// One of the started rentals.
    async fn started(&self, choice: usize) -> Result<Option<String>> {
        self.stage.started(choice).await
    }

    /// Looks at the books. In the middle of a history, only when something can have moved in them.
    pub(crate) async fn audit(&mut self, when: When) -> Result<()> {
        let heard = (
            self.stage.proxy(Db::Rental).passed(),
            self.stage.proxy(Db::Billing).passed(),
        );
        let moved = std::mem::take(&mut self.moved) || self.heard != heard;
        self.heard = heard;
        if when == When::AnyMoment && !moved {
            return Ok(());
        }
        let report = self.stage.audit(when).await?;
        self.played.tally.report.merge(report);
        self.take_over_violations();
        Ok(())
    }

    pub(crate) fn take_over_violations(&mut self) {
        let report = &mut self.played.tally.report;
        // A constraint that refuses what the code wants to write, or a panic, ends here; only what
        // was spoilt on purpose, and what its station does not take back, may.
        for aside in report.set_aside.drain(..) {
            if !aside.what.contains(SPOILT) && !aside.what.starts_with("the return of") {
                report.violations.push(violation(aside));
            }
        }
        report
            .violations
            .extend(report.unreadable.drain(..).map(violation));
        report.left_to_a_person.clear();
        for violation in report.violations.drain(..) {
            let violation = format!(
                "{}: {}: {}",
                violation.law, violation.rental_id, violation.what
            );
            self.played.trace.push(format!("VIOLATION {violation}"));
            self.played.violations.push(violation);
        }
    }

    /// The last fault ends, everything that stands comes to its end or dies, and two rounds later
    /// nothing may be left.
    async fn come_to_rest(&mut self, clients_come_back: bool) -> Result<()> {
        self.note("the last fault ends".to_owned());
        self.waiting.clear();
        for flow in self.flows.keys().copied().collect::<Vec<_>>() {
            if self.is_over() {
                return Ok(());
            }
            if clients_come_back {
                self.finish(flow).await?;
            } else {
                self.flows.remove(&flow);
            }
        }
        self.late_ones_arrive().await?;
        self.mend().await?;
        self.is_calm = true;
        if clients_come_back {
            self.stage.wait(PAST_A_LEASE_SEC).await?;
            for again in self.clients.unanswered() {
                self.run_to_its_end(again).await?;
            }
        }
        for _ in 0..2 {
            self.stage.wait(A_ROUND_SEC).await?;
            self.run_to_its_end(Invocation::Tick).await?;
            self.run_to_its_end(Invocation::Reconcile).await?;
            if self.is_over() {
                return Ok(());
            }
        }
        self.audit(When::AtRest).await
    }

    pub(crate) fn note(&mut self, line: String) {
        self.played.trace.push(line);
    }
}

fn violation(named: Named) -> Violation {
    let Named { rental_id, what } = named;
    Violation {
        law: Law::SetAside,
        rental_id,
        what,
    }
}

fn station_id(choice: usize) -> String {
    pick(&STATIONS, choice)
        .copied()
        .unwrap_or_default()
        .to_owned()
}

fn uuid(rental_id: &str) -> Result<Uuid> {
    Ok(rental_id.trim_start_matches("rental-").parse()?)
}
