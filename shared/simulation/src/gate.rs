//! Holds flows at their steps, and lets one of them go on at a time.

use runtime::step::Hook;
use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

thread_local! {
    /// The gate of the flow that is being polled on this thread.
    static CURRENT: RefCell<Option<Rc<Gate>>> = const { RefCell::new(None) };
}

/// Where one flow stands: at one step, or at several where it does things side by side.
#[derive(Default)]
pub(crate) struct Gate {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    last_place: u64,
    standing: BTreeMap<u64, Standing>,
    released: BTreeSet<u64>,
    branches: usize,
}

struct Standing {
    step: &'static str,
    waker: Waker,
}

/// Where a flow, or one of its branches, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    number: u64,
    pub(crate) step: &'static str,
}

impl Gate {
    /// Whether the whole flow stands: nothing of it goes on by itself.
    pub(crate) fn stands(&self) -> bool {
        let state = self.state.borrow();
        state.released.is_empty() && state.standing.len() == state.branches.max(1)
    }

    /// Where it stands, in the order in which it came there.
    pub(crate) fn places(&self) -> Vec<Place> {
        let state = self.state.borrow();
        let places = state.standing.iter();
        places
            .map(|(number, standing)| Place {
                number: *number,
                step: standing.step,
            })
            .collect()
    }

    /// Lets what stands there go on.
    pub(crate) fn release(&self, place: Place) {
        let mut state = self.state.borrow_mut();
        if let Some(standing) = state.standing.remove(&place.number) {
            state.released.insert(place.number);
            standing.waker.wake();
        }
    }

    /// Does `poll` as this gate's flow.
    pub(crate) fn during<T>(self: &Rc<Self>, poll: impl FnOnce() -> T) -> T {
        let before = CURRENT.replace(Some(Rc::clone(self)));
        let polled = poll();
        CURRENT.set(before);
        polled
    }
}

/// The hook of this process: every flow that is polled under a gate stands at each of its steps.
pub(crate) struct Gates;

impl Hook for Gates {
    fn reached(&self, step: &'static str) -> Pin<Box<dyn Future<Output = ()>>> {
        match CURRENT.with_borrow(Clone::clone) {
            Some(gate) => Box::pin(Stand {
                gate,
                step,
                number: None,
            }),
            None => Box::pin(std::future::ready(())),
        }
    }

    fn branch(&self) -> Box<dyn Any> {
        Box::new(CURRENT.with_borrow(Clone::clone).map(Branch::of))
    }
}

struct Stand {
    gate: Rc<Gate>,
    step: &'static str,
    number: Option<u64>,
}

impl Future for Stand {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let gate = Rc::clone(&self.gate);
        let mut state = gate.state.borrow_mut();
        let number = *self.number.get_or_insert_with(|| {
            state.last_place = state.last_place.saturating_add(1);
            state.last_place
        });
        if state.released.remove(&number) {
            self.number = None;
            return Poll::Ready(());
        }
        let standing = Standing {
            step: self.step,
            waker: context.waker().clone(),
        };
        state.standing.insert(number, standing);
        Poll::Pending
    }
}

/// What a flow gives up while it stands is no longer a place of it.
impl Drop for Stand {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut state = self.gate.state.borrow_mut();
            state.standing.remove(&number);
            state.released.remove(&number);
        }
    }
}

struct Branch(Rc<Gate>);

impl Branch {
    fn of(gate: Rc<Gate>) -> Self {
        {
            let mut state = gate.state.borrow_mut();
            state.branches = state.branches.saturating_add(1);
        }
        Self(gate)
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        let mut state = self.0.state.borrow_mut();
        state.branches = state.branches.saturating_sub(1);
    }
}
