//! The laws, each judged on one rental's books.

mod amounts;
mod answers;
mod attempts;
mod buyout;
mod copies;
mod due;
mod effects;
mod events;
mod holds;
mod intents;
mod quotes;
mod rests;
mod settled;
mod states;
mod taken;
mod terms;

use crate::books::Books;
use crate::facts::Facts;
use crate::findings::{Findings, Judge};
use crate::law::Law;
use crate::rules::{Rules, When};

/// Judges one rental by every law that rows can show.
#[must_use]
pub fn check(books: &Books, rules: Rules, when: When) -> Findings {
    let facts = Facts::of(books, rules, when);
    let mut findings = Findings {
        set_aside: facts.set_aside(),
        left_to_a_person: facts.left_to_a_person(),
        ..Findings::default()
    };
    for law in Law::ALL {
        judge(law, &facts, &mut findings.judge(law));
    }
    findings
}

fn judge(law: Law, facts: &Facts<'_>, judge: &mut Judge<'_>) {
    match law {
        Law::Taken => taken::check(facts, judge),
        Law::Due => due::check(facts, judge),
        Law::Buyout => buyout::check(facts, judge),
        Law::Amounts => amounts::check(facts, judge),
        Law::OneOpenAttempt => attempts::check(facts, judge),
        Law::Intents => intents::check(facts, judge),
        Law::Quotes => quotes::check(facts, judge),
        Law::Answers => answers::check(facts, judge),
        Law::Effects => effects::check(facts, judge),
        Law::Holds => holds::check(facts, judge),
        Law::States => states::check(facts, judge),
        Law::Terms => terms::check(facts, judge),
        Law::Copies => copies::check(facts, judge),
        Law::Events => events::check(facts, judge),
        Law::Rests => rests::check(facts, judge),
        Law::Settled => settled::check(facts, judge),
        // Nothing that a row could break; what is set aside is named.
        Law::SetAside => {
            if !facts.set_aside().is_empty() {
                judge.met();
            }
        }
    }
}
