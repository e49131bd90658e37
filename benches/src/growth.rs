//! What one event costs by the size of its world, as a table, and the ratio that must not be exceeded.

use std::collections::BTreeMap;

/// What one size came to in one turn.
#[derive(Clone, Copy, Debug)]
struct Taken {
    seconds: f64,
    events: usize,
    memory_bytes: Option<u64>,
}

/// What each size took in each turn.
#[derive(Debug)]
pub struct Growth {
    sizes: BTreeMap<u64, Vec<Taken>>,
}

impl Growth {
    /// Nothing measured so far.
    #[must_use]
    pub fn new(sizes: &[u64]) -> Self {
        Self {
            sizes: sizes.iter().map(|size| (*size, Vec::new())).collect(),
        }
    }

    /// A world of this size took so many seconds of CPU for so many events.
    pub fn took(&mut self, size: u64, seconds: f64, events: usize) {
        self.add(size, seconds, events, None);
    }

    /// The same, of a process that held so much memory at most.
    pub fn held(&mut self, size: u64, seconds: f64, events: usize, memory_bytes: u64) {
        self.add(size, seconds, events, Some(memory_bytes));
    }

    fn add(&mut self, size: u64, seconds: f64, events: usize, memory_bytes: Option<u64>) {
        let taken = Taken {
            seconds,
            events,
            memory_bytes,
        };
        self.sizes.entry(size).or_default().push(taken);
    }

    /// The best turn of each size: the machine may be busy with something else now and then.
    fn best(&self) -> impl Iterator<Item = (u64, Taken)> + '_ {
        self.sizes.iter().filter_map(|(size, taken)| {
            let best = taken
                .iter()
                .min_by(|one, other| one.seconds.total_cmp(&other.seconds));
            Some((*size, *best?))
        })
    }

    fn per_event(&self) -> Vec<(u64, f64)> {
        self.best()
            .map(|(size, taken)| (size, taken.seconds * 1e6 / (taken.events as f64)))
            .collect()
    }

    /// Prints what was measured.
    pub fn print(&self, what: &str, things: &str, event: &str) {
        println!("{what}:");
        let first = self.per_event().first().map_or(1.0, |(_, each)| *each);
        for ((size, taken), (_, each)) in self.best().zip(self.per_event()) {
            let memory = taken.memory_bytes.map_or_else(String::new, |bytes| {
                format!(", at most {} MiB", bytes >> 20)
            });
            println!(
                "  {size:>7} {things}: {:>8} {event}s, {:>7.2} s of CPU, {each:>6.2} µs an {event}, {:.2} times the first{memory}",
                taken.events,
                taken.seconds,
                each / first
            );
        }
    }

    /// Fails if an event of any size costs more than so many times one of the smallest.
    ///
    /// # Panics
    /// If it does.
    pub fn check(&self, ratio_max: f64) {
        let each = self.per_event();
        let Some((smallest, first)) = each.first().copied() else {
            return;
        };
        for (size, each) in each {
            let ratio = each / first;
            assert!(
                ratio <= ratio_max,
                "an event among {size} costs {ratio:.2} times one among {smallest}; it may be {ratio_max}"
            );
        }
    }
}
