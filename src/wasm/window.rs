//! A map from ascending numbers: those of what has begun and not ended are never far apart.

use std::collections::VecDeque;

/// Values by number. Each new one gets the number after the last; they come round after four thousand million.
///
/// A queue, whose front is dropped as soon as it is empty: all operations constant, and a tenth of a tree's code.
pub(super) struct Window<T> {
    entries: VecDeque<Option<T>>,
    /// The number of the first entry.
    first: u32,
}

impl<T> Window<T> {
    pub(super) const fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            first: 1,
        }
    }

    /// Takes a value in, and returns its number.
    pub(super) fn add(&mut self, value: T) -> u32 {
        let number = self.first.wrapping_add(self.entries.len() as u32);
        self.entries.push_back(Some(value));
        number
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let index = number.wrapping_sub(self.first);
        self.entries.get_mut(index as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, number: u32) -> Option<T> {
        let index = number.wrapping_sub(self.first);
        let removed = self.entries.get_mut(index as usize)?.take();
        while let Some(None) = self.entries.front() {
            self.entries.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        removed
    }
}
