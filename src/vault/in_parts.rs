//! Work on many things, a part of them on each core.

use std::num::NonZeroUsize;
use std::ops::Range;

/// Does the work for the ranges that `0..count` falls into, and gives what came of them in their order.
pub(super) fn in_parts<T: Send>(count: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    if count <= MIN_PART {
        return vec![work(0..count)];
    }
    // It reads files of the system: as long as a signature takes, for each call.
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let part = count.div_ceil(cores).max(MIN_PART);
    std::thread::scope(|scope| {
        let ranges = (0..count).step_by(part).map(|begin| begin..count.min(begin + part));
        let threads: Vec<_> = ranges.map(|range| scope.spawn(|| work(range))).collect();
        threads.into_iter().map(|thread| thread.join().expect("the work does not panic")).collect()
    })
}

/// Fewer are done faster than a thread is started.
const MIN_PART: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_one_is_in_one_part_and_the_parts_are_in_order() {
        for count in [0, 1, 2, MIN_PART, MIN_PART + 1, 3 * MIN_PART - 1, 10_007] {
            let parts = in_parts(count, Iterator::collect::<Vec<_>>);
            assert_eq!(parts.concat(), (0..count).collect::<Vec<_>>());
        }
    }
}
