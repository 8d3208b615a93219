//! Named steps: the places in a flow at which a crash leaves something different behind.
//!
//! A flow's steps are one enum, made by [`steps!`](crate::steps), which the flow and its tests
//! share. In production a step is one relaxed load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static ARMED: AtomicBool = AtomicBool::new(false);
static ABORT_AT: OnceLock<String> = OnceLock::new();

/// A step of a flow, with the name by which `ABORT_AT_STEP` knows it.
pub trait Step: Copy {
    /// `flow.step`.
    fn name(self) -> &'static str;
}

/// Says that a flow stands at `step`. The process dies here if `ABORT_AT_STEP` named it.
pub fn reached(step: impl Step) {
    if ARMED.load(Ordering::Relaxed) && ABORT_AT.get().is_some_and(|name| name == step.name()) {
        tracing::error!(step = step.name(), "aborting, as ABORT_AT_STEP demands");
        std::process::abort();
    }
}

/// Reads `ABORT_AT_STEP`, once, at start-up. Only tests set it.
pub(crate) fn arm() -> Result<(), crate::env::EnvError> {
    if let Some(name) = crate::env::read::<String>("ABORT_AT_STEP")? {
        ARMED.store(ABORT_AT.set(name).is_ok(), Ordering::Relaxed);
    }
    Ok(())
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
