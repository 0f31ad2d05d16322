//! Turns: how many may do the same thing at once, first come, first served.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Those who have a turn and those who wait for one, in the order they came. So few that they are searched one by one.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<Line>);

#[derive(Debug, Default)]
struct Line {
    entries: Vec<Entry>,
    /// What the next to come is known by.
    next: u64,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    thing: String,
    /// Of whoever waits; of no one once the turn is had.
    waker: Waker,
}

/// A place in the line; to await it is to wait for the turn. To drop it is to leave, whether the turn had come or not.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    id: u64,
    limit: usize,
}

impl Turns {
    /// A place at the end of the line, whose turn comes once fewer than `limit` of those who came before for the same thing are still
    /// there.
    pub(super) fn take(&self, thing: &str, limit: usize) -> Turn<'_> {
        let mut line = self.line();
        let id = line.next;
        line.next += 1;
        line.entries.push(Entry {
            id,
            thing: thing.to_owned(),
            waker: Waker::noop().clone(),
        });
        Turn {
            turns: self,
            id,
            limit,
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    fn has_come(&self, waker: &Waker) -> bool {
        let mut line = self.turns.line();
        let Some(at) = line.entries.iter().position(|entry| entry.id == self.id) else {
            return true;
        };
        let (before, rest) = line.entries.split_at_mut(at);
        let Some(own) = rest.first_mut() else {
            return true;
        };
        let ahead = before.iter().filter(|entry| entry.thing == own.thing);
        let come = ahead.count() < self.limit;
        own.waker = if come {
            Waker::noop().clone()
        } else {
            waker.clone()
        };
        come
    }
}

impl Future for Turn<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.has_come(context.waker()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut line = self.turns.line();
        let Some(at) = line.entries.iter().position(|entry| entry.id == self.id) else {
            return;
        };
        let left = line.entries.remove(at);
        let mut same = line
            .entries
            .iter()
            .filter(|entry| entry.thing == left.thing);
        let next = same.nth(self.limit - 1).map(|entry| entry.waker.clone());
        // Whoever is woken may ask for the line at once.
        drop(line);
        if let Some(next) = next {
            next.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count(AtomicUsize::new(0)));
        (Arc::clone(&count), Waker::from(count))
    }

    fn has_come(turn: &mut Turn<'_>, waker: &Waker) -> bool {
        let mut context = Context::from_waker(waker);
        Pin::new(turn).poll(&mut context).is_ready()
    }

    #[test]
    fn turns_come_in_order_and_no_more_than_the_limit_at_once() {
        let turns = Turns::default();
        let [mut first, mut second, mut third, mut fourth] = [(); 4].map(|()| turns.take("a", 2));
        let (woken, waker) = counted();
        assert!(has_come(&mut first, &waker));
        assert!(has_come(&mut second, &waker));
        assert!(!has_come(&mut third, &waker));
        assert!(!has_come(&mut fourth, &waker));
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        drop(second);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(!has_come(&mut fourth, &waker));
        assert!(has_come(&mut third, &waker));
        drop((first, third));
        assert!(has_come(&mut fourth, &waker));
    }

    #[test]
    fn other_things_do_not_wait_for_one_another() {
        let turns = Turns::default();
        let waker = Waker::noop();
        let mut a = turns.take("a", 1);
        assert!(has_come(&mut a, waker));
        assert!(has_come(&mut turns.take("b", 1), waker));
        assert!(!has_come(&mut turns.take("a", 1), waker));
    }

    #[test]
    fn whoever_stops_waiting_takes_no_turn_with_them() {
        let turns = Turns::default();
        let (woken, waker) = counted();
        let mut one = turns.take("a", 1);
        assert!(has_come(&mut one, &waker));
        let (mut gone, mut next) = (turns.take("a", 1), turns.take("a", 1));
        assert!(!has_come(&mut gone, &waker));
        assert!(!has_come(&mut next, &waker));
        drop(one);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        // The one woken leaves without having taken its turn, and so does the next.
        drop((gone, next));
        assert!(has_come(&mut turns.take("a", 1), &waker));
        assert!(turns.line().entries.is_empty());
    }
}
