//! Named steps: the places in a flow at which a crash leaves something different behind.
//!
//! A flow's steps are one enum, made by [`steps!`](crate::steps), which the flow and its tests
//! share. In production a step is one relaxed load; tests set a [`Hook`], which lets the process
//! die at a step, or holds the flow there until others have gone on.

use crate::env::{Env, EnvError};
use std::any::Any;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static HOOKED: AtomicBool = AtomicBool::new(false);
static HOOK: OnceLock<Box<dyn Hook>> = OnceLock::new();

/// A step of a flow, with the name by which tests know it.
pub trait Step: Copy {
    /// `flow.step`.
    fn name(self) -> &'static str;
}

/// What becomes of flows at their steps. Only tests have one.
pub trait Hook: Send + Sync {
    /// The flow stands at `step`; it goes on when this is over.
    fn reached(&self, step: &'static str) -> Pin<Box<dyn Future<Output = ()>>>;

    /// One of the things that the flow does [side by side](crate::side_by_side) begins. It ends
    /// when what this returns is dropped.
    fn branch(&self) -> Box<dyn Any>;
}

/// Says that a flow stands at `step`.
pub async fn reached(step: impl Step) {
    if let Some(hook) = hook() {
        hook.reached(step.name()).await;
    }
}

/// Says that one of several things done side by side begins.
pub(crate) fn branch() -> Option<Box<dyn Any>> {
    hook().map(Hook::branch)
}

/// Sets the hook of this process, for good.
///
/// # Errors
/// The hook itself, when there is one already.
pub fn set_hook(hook: Box<dyn Hook>) -> Result<(), Box<dyn Hook>> {
    HOOK.set(hook)?;
    HOOKED.store(true, Ordering::Relaxed);
    Ok(())
}

fn hook() -> Option<&'static dyn Hook> {
    if HOOKED.load(Ordering::Relaxed) {
        HOOK.get().map(AsRef::as_ref)
    } else {
        None
    }
}

/// Reads `ABORT_AT_STEP`, once, at start-up: the step at which this process is to die.
pub(crate) fn arm() -> Result<(), EnvError> {
    if let Some(step) = Env::of_process().read::<String>("ABORT_AT_STEP")? {
        // Another hook was there first: then that one counts.
        let _first = set_hook(Box::new(AbortAt(step)));
    }
    Ok(())
}

struct AbortAt(String);

impl Hook for AbortAt {
    fn reached(&self, step: &'static str) -> Pin<Box<dyn Future<Output = ()>>> {
        if self.0 == step {
            tracing::error!(step, "aborting, as ABORT_AT_STEP demands");
            std::process::abort();
        }
        Box::pin(std::future::ready(()))
    }

    fn branch(&self) -> Box<dyn Any> {
        Box::new(())
    }
}

/// Declares the steps of one flow: an enum with all its variants in `ALL` and a name each.
#[macro_export]
macro_rules! steps {
    ($(#[$doc:meta])* $enum:ident { $($(#[$step_doc:meta])* $step:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $enum {
            $($(#[$step_doc])* $step,)+
        }

        impl $enum {
            /// Every step, in the order of the flow.
            pub const ALL: &[Self] = &[$(Self::$step,)+];
        }

        impl $crate::step::Step for $enum {
            fn name(self) -> &'static str {
                match self {
                    $(Self::$step => $name,)+
                }
            }
        }
    };
}
