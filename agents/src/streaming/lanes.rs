//! How the members of a population lie beside each other: the arithmetic of a learner is written once, over blocks of
//! [`COLUMNS`] values, for one member (a block is a vector) and for [`Across::MEMBERS`] of them (a block is a vector of members for
//! each of its columns). Sums go over the columns in the same order in both, so a member comes to the same bits.

// Closures are inlined into code that has the vector instructions; in `array::map` they might not be.
#![allow(clippy::needless_range_loop)]

use std::ops::{Add, Div, Mul, Sub};

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

/// Values that go through the arithmetic together. Rows of everything that is stored are whole blocks.
pub const COLUMNS: usize = 16;

/// A number of columns rounded up to whole blocks.
pub const fn padded(columns: usize) -> usize {
    columns.next_multiple_of(COLUMNS)
}

/// Numbers of which every member has one.
pub trait Number<S: Simd>:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    fn of(simd: S, value: f32) -> Self;
    fn sqrt(self) -> Self;
}

impl<S: Simd> Number<S> for f32 {
    #[inline(always)]
    fn of(_: S, value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }
}

impl<S: Simd> Number<S> for f32x16<S> {
    #[inline(always)]
    fn of(simd: S, value: f32) -> Self {
        Self::splat(simd, value)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        SimdFloat::sqrt(self)
    }
}

/// A layout of members. Element i of an array lies at `i * MEMBERS`, that of member m at `i * MEMBERS + m`.
pub trait Lanes<S: Simd>: 'static {
    /// Members side by side.
    const MEMBERS: usize;
    /// One number of each.
    type Number: Number<S>;
    /// [`COLUMNS`] numbers of each.
    type Block: Copy;

    fn number(simd: S, values: &[f32], at: usize) -> Self::Number;
    fn put_number(number: Self::Number, values: &mut [f32], at: usize);
    fn block(simd: S, values: &[f32], at: usize) -> Self::Block;
    fn put_block(block: Self::Block, values: &mut [f32], at: usize);
    /// The same number in all columns.
    fn splat(simd: S, number: Self::Number) -> Self::Block;
    /// Sum over the columns: halves are added until there are four, whose neighbours then are.
    fn sum(block: Self::Block) -> Self::Number;
    fn map(a: Self::Block, f: impl Fn(f32x16<S>) -> f32x16<S>) -> Self::Block;
    fn zip(a: Self::Block, b: Self::Block, f: impl Fn(f32x16<S>, f32x16<S>) -> f32x16<S>) -> Self::Block;
    /// `a b + c`.
    fn mul_add(a: Self::Block, b: Self::Block, c: Self::Block) -> Self::Block;
    /// The first so many columns, and zeros.
    fn keep(simd: S, a: Self::Block, columns: usize) -> Self::Block;

    #[inline(always)]
    fn zero(simd: S) -> Self::Block {
        Self::splat(simd, Self::Number::of(simd, 0.0))
    }

    #[inline(always)]
    fn add(a: Self::Block, b: Self::Block) -> Self::Block {
        Self::zip(
            a,
            b,
            #[inline(always)]
            |a, b| a + b,
        )
    }

    #[inline(always)]
    fn mul(a: Self::Block, b: Self::Block) -> Self::Block {
        Self::zip(
            a,
            b,
            #[inline(always)]
            |a, b| a * b,
        )
    }

    #[inline(always)]
    fn sub(a: Self::Block, b: Self::Block) -> Self::Block {
        Self::zip(
            a,
            b,
            #[inline(always)]
            |a, b| a - b,
        )
    }

    #[inline(always)]
    fn abs(a: Self::Block) -> Self::Block {
        Self::map(
            a,
            #[inline(always)]
            |a| a.abs(),
        )
    }
}

/// One member.
pub struct Single;

impl<S: Simd> Lanes<S> for Single {
    const MEMBERS: usize = 1;
    type Number = f32;
    type Block = f32x16<S>;

    #[inline(always)]
    fn number(_: S, values: &[f32], at: usize) -> f32 {
        values[at]
    }

    #[inline(always)]
    fn put_number(number: f32, values: &mut [f32], at: usize) {
        values[at] = number;
    }

    #[inline(always)]
    fn block(simd: S, values: &[f32], at: usize) -> f32x16<S> {
        f32x16::from_slice(simd, &values[at..at + COLUMNS])
    }

    #[inline(always)]
    fn put_block(block: f32x16<S>, values: &mut [f32], at: usize) {
        block.store_slice(&mut values[at..at + COLUMNS]);
    }

    #[inline(always)]
    fn splat(simd: S, number: f32) -> f32x16<S> {
        f32x16::splat(simd, number)
    }

    #[inline(always)]
    fn sum(block: f32x16<S>) -> f32 {
        block.reduce_sum()
    }

    #[inline(always)]
    fn map(a: f32x16<S>, f: impl Fn(f32x16<S>) -> f32x16<S>) -> f32x16<S> {
        f(a)
    }

    #[inline(always)]
    fn zip(a: f32x16<S>, b: f32x16<S>, f: impl Fn(f32x16<S>, f32x16<S>) -> f32x16<S>) -> f32x16<S> {
        f(a, b)
    }

    #[inline(always)]
    fn mul_add(a: f32x16<S>, b: f32x16<S>, c: f32x16<S>) -> f32x16<S> {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn keep(_: S, mut a: f32x16<S>, columns: usize) -> f32x16<S> {
        a.as_mut_slice()[columns..].fill(0.0);
        a
    }
}

/// Sixteen members, a lane each.
pub struct Across;

impl<S: Simd> Lanes<S> for Across {
    const MEMBERS: usize = 16;
    type Number = f32x16<S>;
    type Block = [f32x16<S>; COLUMNS];

    #[inline(always)]
    fn number(simd: S, values: &[f32], at: usize) -> f32x16<S> {
        f32x16::from_slice(simd, &values[at * 16..at * 16 + 16])
    }

    #[inline(always)]
    fn put_number(number: f32x16<S>, values: &mut [f32], at: usize) {
        number.store_slice(&mut values[at * 16..at * 16 + 16]);
    }

    #[inline(always)]
    fn block(simd: S, values: &[f32], at: usize) -> Self::Block {
        let values = &values[at * 16..(at + COLUMNS) * 16];
        let mut block = [f32x16::splat(simd, 0.0); COLUMNS];
        for k in 0..COLUMNS {
            block[k] = f32x16::from_slice(simd, &values[k * 16..(k + 1) * 16]);
        }
        block
    }

    #[inline(always)]
    fn put_block(block: Self::Block, values: &mut [f32], at: usize) {
        let values = &mut values[at * 16..(at + COLUMNS) * 16];
        for k in 0..COLUMNS {
            block[k].store_slice(&mut values[k * 16..(k + 1) * 16]);
        }
    }

    #[inline(always)]
    fn splat(_: S, number: f32x16<S>) -> Self::Block {
        [number; COLUMNS]
    }

    #[inline(always)]
    fn sum(b: Self::Block) -> f32x16<S> {
        let mut four = [b[0]; 4];
        for k in 0..4 {
            four[k] = (b[k] + b[k + 8]) + (b[k + 4] + b[k + 12]);
        }
        (four[0] + four[1]) + (four[2] + four[3])
    }

    #[inline(always)]
    fn map(a: Self::Block, f: impl Fn(f32x16<S>) -> f32x16<S>) -> Self::Block {
        let mut out = a;
        for k in 0..COLUMNS {
            out[k] = f(a[k]);
        }
        out
    }

    #[inline(always)]
    fn zip(a: Self::Block, b: Self::Block, f: impl Fn(f32x16<S>, f32x16<S>) -> f32x16<S>) -> Self::Block {
        let mut out = a;
        for k in 0..COLUMNS {
            out[k] = f(a[k], b[k]);
        }
        out
    }

    #[inline(always)]
    fn mul_add(a: Self::Block, b: Self::Block, c: Self::Block) -> Self::Block {
        let mut out = a;
        for k in 0..COLUMNS {
            out[k] = a[k].mul_add(b[k], c[k]);
        }
        out
    }

    #[inline(always)]
    fn keep(simd: S, mut a: Self::Block, columns: usize) -> Self::Block {
        for k in columns..COLUMNS {
            a[k] = f32x16::splat(simd, 0.0);
        }
        a
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    #[test]
    fn both_layouts_sum_in_the_same_order() {
        // Numbers whose sum depends on the order: of all magnitudes.
        let of = |m: usize, k: usize| ((m * 31 + k * 17) % 13) as f32 * 10f32.powi((k as i32 * 5 + m as i32) % 9 - 4);
        let mut across = vec![0.0; 256];
        (0..256).for_each(|i| across[i] = of(i % 16, i / 16));
        let mut sums = [0.0; 16];
        dispatch!(Level::new(), simd => {
            let sum = Across::sum(Across::block(simd, &across, 0));
            <Across as Lanes<_>>::put_number(sum, &mut sums, 0);
            for m in 0..16 {
                let row: Vec<f32> = (0..16).map(|k| of(m, k)).collect();
                assert_eq!(Single::sum(Single::block(simd, &row, 0)).to_bits(), sums[m].to_bits());
            }
        });
    }
}
