//! Words that follow from a seed and an index: layouts, mappings and tables of a task that nobody has to store.
//!
//! Exact integer arithmetic, so all back ends agree bitwise. For numbers that an episode draws, use `rng` instead.
//!
//! # Source
//! Mixing of two multiplications and three shifts with the constants of C. Wellons 2018, "Prospecting for Hash Functions".

/// A word that looks random, one for each x. Exact; 9 operations, 2 of them multiplications.
fn hash_word(x: u32) -> u32 {
    // The sum keeps 0 from being its own hash.
    let a = x + 0x9e3779b9u;
    let b = (a ^ (a >> 16u)) * 0x7feb352du;
    let c = (b ^ (b >> 15u)) * 0x846ca68bu;
    return c ^ (c >> 16u);
}

/// Word number `index` of the sequence of a seed. Exact; 19 operations, 10 where the seed's own hash is shared.
fn hash_of(seed: u32, index: u32) -> u32 {
    return hash_word(hash_word(seed) + index);
}
