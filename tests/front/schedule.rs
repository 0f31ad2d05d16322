//! Futures beside one another, in an order that the test decides: a future gives its turn away before each thing that its host does.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Waits until the schedule comes back to whoever waits.
pub async fn turn() {
    let mut waited = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut waited, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Runs one future to its end.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..50_000_000_u64 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the future hangs");
}

/// Runs futures to their ends; before each step `choose` is told how many are left, and says which of them is next.
pub fn run<O>(
    futures: Vec<Pin<Box<dyn Future<Output = O> + '_>>>,
    mut choose: impl FnMut(usize) -> usize,
) -> Vec<O> {
    let mut context = Context::from_waker(Waker::noop());
    let mut outputs: Vec<Option<O>> = futures.iter().map(|_| None).collect();
    let mut left: Vec<_> = futures.into_iter().enumerate().collect();
    let mut steps = 0;
    while !left.is_empty() {
        steps += 1;
        assert!(steps < 1_000_000, "the futures hang");
        let at = choose(left.len());
        if let Poll::Ready(output) = left[at].1.as_mut().poll(&mut context) {
            outputs[left.remove(at).0] = Some(output);
        }
    }
    outputs.into_iter().map(Option::unwrap).collect()
}

/// Every schedule in turn, as what [`run`] takes: depth first, over those choices that futures leave. `try_one` runs one of them, from
/// the same beginning each time. Of more than `most` schedules the rest is drawn by chance, with a fixed seed. Gives how many there were.
pub fn every(most: usize, mut try_one: impl FnMut(&mut dyn FnMut(usize) -> usize)) -> usize {
    let mut path: Vec<(usize, usize)> = Vec::new();
    let mut tried = 0;
    loop {
        let mut depth = 0;
        try_one(&mut |left| {
            if depth == path.len() {
                path.push((0, left));
            }
            depth += 1;
            path[depth - 1].0
        });
        tried += 1;
        path.truncate(depth);
        while path.last().is_some_and(|(at, left)| at + 1 == *left) {
            path.pop();
        }
        match path.last_mut() {
            Some((at, _)) if tried < most => *at += 1,
            Some(_) => break,
            None => return tried,
        }
    }
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..most {
        try_one(&mut |left| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % left as u64).unwrap()
        });
    }
    tried + most
}

/// Every schedule in turn, as what [`run`] takes, in which no more than `most` times another future goes on before one has ended. Gives how
/// many there were.
pub fn switching(most: usize, mut try_one: impl FnMut(&mut dyn FnMut(usize) -> usize)) -> usize {
    let mut path: Vec<(usize, usize)> = Vec::new();
    let mut tried = 0;
    loop {
        let (mut depth, mut switches, mut current, mut before) = (0, 0, 0, usize::MAX);
        try_one(&mut |left| {
            let ended = std::mem::replace(&mut before, left) != left;
            if ended {
                current = 0;
            }
            let options = if ended || switches < most { left } else { 1 };
            if depth == path.len() {
                path.push((0, options));
            }
            let (at, _) = path[depth];
            depth += 1;
            switches += usize::from(at > 0 && !ended);
            current = (current + at) % left;
            current
        });
        tried += 1;
        path.truncate(depth);
        while path.last().is_some_and(|(at, options)| at + 1 == *options) {
            path.pop();
        }
        match path.last_mut() {
            Some((at, _)) => *at += 1,
            None => return tried,
        }
    }
}
