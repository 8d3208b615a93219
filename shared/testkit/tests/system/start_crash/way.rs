//! The ways that a start can take, and one that dies on its way.

use crate::probe::{Begun, deposit, set_stock};
use runtime::step::Step;
use serde_json::{Value, json};
use start::StartStep;
use testkit::{Response, World, fresh_key};

const PATH: &str = "/api/v1/rentals/start";

/// The way that a start would take if nothing died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Deposit held, power bank ejected.
    Held,
    /// A trusted user without money: no deposit, power bank ejected.
    Waived,
    /// A deposit of zero, power bank ejected.
    NoDeposit,
    /// Deposit held, no power bank ejected, deposit released.
    Refused,
    /// An untrusted user without money.
    Declined,
}

impl Way {
    pub(super) const ALL: [Self; 5] = [
        Self::Held,
        Self::Waived,
        Self::NoDeposit,
        Self::Refused,
        Self::Declined,
    ];

    const fn station(self) -> &'static str {
        match self {
            Self::NoDeposit => "station-zaryadye",
            _ => "station-gum",
        }
    }

    /// Every step is named: a new one has to say which ways come by.
    pub(super) const fn comes_by(self, step: StartStep) -> bool {
        match step {
            StartStep::Received | StartStep::Begun | StartStep::Decided | StartStep::Delivered => {
                true
            }
            StartStep::HoldCalled => !matches!(self, Self::NoDeposit),
            StartStep::EjectIntended => !matches!(self, Self::NoDeposit | Self::Declined),
            StartStep::EjectCalled => !matches!(self, Self::Declined),
            StartStep::ReleaseCalled => matches!(self, Self::Refused),
        }
    }

    /// The answer of a start that is decided.
    pub(super) const fn answer(self) -> u16 {
        match self {
            Self::Held | Self::Waived | Self::NoDeposit => 200,
            Self::Refused => 409,
            Self::Declined => 402,
        }
    }

    pub(super) const fn end(self) -> &'static str {
        match self.answer() {
            200 => "ACTIVE",
            _ => "FAILED",
        }
    }

    /// How many holds a start makes, and what of them stands while the rental runs.
    pub(super) const fn holds(self) -> i64 {
        match self {
            Self::Held | Self::Refused => 1,
            Self::Waived | Self::NoDeposit | Self::Declined => 0,
        }
    }

    async fn user(self, world: &World, step: StartStep) -> String {
        let user_id = format!("user-{}", step.name());
        if matches!(self, Self::Waived | Self::Declined) {
            world.stub.set_balance(&user_id, 0).await.unwrap();
        }
        let profile = json!({ "trusted": self != Self::Declined, "has_subscription": false });
        let path = format!("/admin/users/{user_id}");
        world.stub.put(&path, profile).await.unwrap();
        user_id
    }
}

/// What a process that dies at a step leaves behind.
pub(super) enum Left {
    Nothing,
    /// A lease; the station was not asked.
    Intent,
    /// A lease; the station was asked.
    Eject,
    /// The answer is stored.
    Decision,
}

pub(super) const fn left(step: StartStep) -> Left {
    match step {
        StartStep::Received => Left::Nothing,
        StartStep::Begun | StartStep::HoldCalled | StartStep::EjectIntended => Left::Intent,
        StartStep::EjectCalled => Left::Eject,
        StartStep::Decided | StartStep::ReleaseCalled | StartStep::Delivered => Left::Decision,
    }
}

/// A start that is to die at a step.
pub(super) struct Start {
    pub(super) step: StartStep,
    pub(super) quote_id: String,
    pub(super) key: String,
}

impl Start {
    /// One start for each step that `way` comes by.
    pub(super) async fn one_for_each_step(world: &World, way: Way) -> Vec<Self> {
        let mut starts = Vec::new();
        for step in StartStep::ALL
            .iter()
            .copied()
            .filter(|step| way.comes_by(*step))
        {
            let user_id = way.user(world, step).await;
            let quote_id = world.quoted(&user_id, way.station()).await;
            let key = fresh_key();
            starts.push(Self {
                step,
                quote_id,
                key,
            });
        }
        if way == Way::Refused {
            set_stock(world, way.station(), 0).await;
        }
        starts
    }

    pub(super) async fn die_at(&self, world: &World, step: StartStep) {
        let body: Value = json!({ "quote_id": self.quote_id });
        world
            .post_and_abort_at(step.name(), PATH, &self.key, &body)
            .await
            .unwrap();
    }

    pub(super) async fn retry(&self, world: &World) -> Response {
        world.start_rental(&self.quote_id, &self.key).await.unwrap()
    }

    pub(super) fn is_half_done(&self) -> bool {
        matches!(left(self.step), Left::Intent | Left::Eject)
    }

    /// Then it is never undone.
    pub(super) fn may_have_ejected(&self) -> bool {
        matches!(left(self.step), Left::Eject | Left::Decision)
    }

    /// Holds and what stands of them, as they have to be once everything is settled.
    pub(super) async fn check_money(&self, world: &World, way: Way, rental: &Begun) {
        let (holds, held) = deposit(world, &rental.rental_id).await;
        let step = self.step.name();
        assert!(
            holds <= way.holds(),
            "{step} on the way {way:?}: {holds} holds"
        );
        let is_active = i64::from(rental.is_active());
        let standing = [500, holds, is_active].iter().product::<i64>();
        assert_eq!(held, standing, "{step} on the way {way:?}: {rental:?}");
    }
}
