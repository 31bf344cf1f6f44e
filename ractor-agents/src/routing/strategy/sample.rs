//! Whom a strategy looks at that does not look at everybody.

/// Up to how many are all looked at.
const ALL_MAX: usize = 8;

/// How many are drawn where there are more. Source: a guess; two are nearly as good as all (see [`PowerOfTwo`](super::PowerOfTwo)), but
/// response times and shares differ more than loads do.
const DRAWS: usize = 4;

/// Places to look at: all where there are up to eight, from a random one on; otherwise four, drawn at random.
pub(super) fn a_few(len: usize) -> impl Iterator<Item = usize> {
    let first = random_place(len);
    let (looks, is_all) = if len <= ALL_MAX {
        (len, true)
    } else {
        (DRAWS, false)
    };
    (0..looks).map(move |at| {
        if is_all {
            (first + at) % len
        } else {
            random_place(len)
        }
    })
}

/// A place below `len`, at random; 0 if that is 0.
pub(in crate::routing) fn random_place(len: usize) -> usize {
    // Multiplied and shifted, which is fair enough for picks and needs no division.
    let random = u128::from(rand::random::<u64>());
    usize::try_from((random * len as u128) >> 64).unwrap_or_default()
}
