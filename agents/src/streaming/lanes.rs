//! How the members of a population lie beside each other: the arithmetic of a learner is written once, over blocks of
//! [`COLUMNS`] values, for one member (a block is a vector) and for [`Beside::MEMBERS`] of them (a block is a vector of each).
//! What one member waits for is another's time; every member comes to the bits that it has alone, as its sums have the same
//! order.

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

/// A number of each member of [`Beside`].
#[derive(Debug, Clone, Copy)]
pub struct Four([f32; 4]);

/// Arithmetic of each member by itself.
macro_rules! each {
    ($($operation:ident $function:ident $sign:tt),*) => {$(
        impl $operation for Four {
            type Output = Self;

            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                let mut out = self;
                for m in 0..4 {
                    out.0[m] = self.0[m] $sign other.0[m];
                }
                out
            }
        }
    )*};
}
each!(Add add +, Sub sub -, Mul mul *, Div div /);

impl<S: Simd> Number<S> for Four {
    #[inline(always)]
    fn of(_: S, value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        let mut out = self;
        for m in 0..4 {
            out.0[m] = f32::sqrt(self.0[m]);
        }
        out
    }
}

/// Where element i of a member lies among so many: whole blocks of all, one after the other.
#[inline(always)]
pub const fn place(members: usize, i: usize, member: usize) -> usize {
    (i / COLUMNS * members + member) * COLUMNS + i % COLUMNS
}

/// A layout of members. Element i of an array of member m lies at [`place`]; blocks begin at whole blocks.
pub trait Lanes<S: Simd>: 'static {
    /// Members side by side.
    const MEMBERS: usize;
    /// One number of each.
    type Number: Number<S>;
    /// [`COLUMNS`] numbers of each.
    type Block: Copy;

    /// The numbers `[MEMBERS]` that each member has one of.
    fn each(values: &[f32]) -> Self::Number;
    /// The same, written.
    fn put_each(number: Self::Number, values: &mut [f32]);
    fn number(simd: S, values: &[f32], at: usize) -> Self::Number;
    fn put_number(number: Self::Number, values: &mut [f32], at: usize);
    fn block(simd: S, values: &[f32], at: usize) -> Self::Block;
    fn put_block(block: Self::Block, values: &mut [f32], at: usize);
    /// The same number in all columns.
    fn splat(simd: S, number: Self::Number) -> Self::Block;
    /// Sum over the columns.
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
    fn each(values: &[f32]) -> f32 {
        values[0]
    }

    #[inline(always)]
    fn put_each(number: f32, values: &mut [f32]) {
        values[0] = number;
    }

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

/// Four members, a vector each: as many as leave weights and traces of narrow networks in the first cache and sums in
/// registers.
pub struct Beside;

impl<S: Simd> Lanes<S> for Beside {
    const MEMBERS: usize = 4;
    type Number = Four;
    type Block = [f32x16<S>; 4];

    #[inline(always)]
    fn each(values: &[f32]) -> Four {
        Four([values[0], values[1], values[2], values[3]])
    }

    #[inline(always)]
    fn put_each(number: Four, values: &mut [f32]) {
        values[..4].copy_from_slice(&number.0);
    }

    #[inline(always)]
    fn number(_: S, values: &[f32], at: usize) -> Four {
        let values = &values[place(4, at, 0)..];
        Four([values[0], values[COLUMNS], values[2 * COLUMNS], values[3 * COLUMNS]])
    }

    #[inline(always)]
    fn put_number(number: Four, values: &mut [f32], at: usize) {
        let values = &mut values[place(4, at, 0)..];
        for m in 0..4 {
            values[m * COLUMNS] = number.0[m];
        }
    }

    #[inline(always)]
    fn block(simd: S, values: &[f32], at: usize) -> Self::Block {
        let values = &values[at * 4..(at + COLUMNS) * 4];
        let mut block = [f32x16::splat(simd, 0.0); 4];
        for m in 0..4 {
            block[m] = f32x16::from_slice(simd, &values[m * COLUMNS..(m + 1) * COLUMNS]);
        }
        block
    }

    #[inline(always)]
    fn put_block(block: Self::Block, values: &mut [f32], at: usize) {
        let values = &mut values[at * 4..(at + COLUMNS) * 4];
        for m in 0..4 {
            block[m].store_slice(&mut values[m * COLUMNS..(m + 1) * COLUMNS]);
        }
    }

    #[inline(always)]
    fn splat(simd: S, number: Four) -> Self::Block {
        let mut block = [f32x16::splat(simd, 0.0); 4];
        for m in 0..4 {
            block[m] = f32x16::splat(simd, number.0[m]);
        }
        block
    }

    #[inline(always)]
    fn sum(block: Self::Block) -> Four {
        let mut sums = [0.0; 4];
        for m in 0..4 {
            sums[m] = block[m].reduce_sum();
        }
        Four(sums)
    }

    #[inline(always)]
    fn map(a: Self::Block, f: impl Fn(f32x16<S>) -> f32x16<S>) -> Self::Block {
        let mut out = a;
        for m in 0..4 {
            out[m] = f(a[m]);
        }
        out
    }

    #[inline(always)]
    fn zip(a: Self::Block, b: Self::Block, f: impl Fn(f32x16<S>, f32x16<S>) -> f32x16<S>) -> Self::Block {
        let mut out = a;
        for m in 0..4 {
            out[m] = f(a[m], b[m]);
        }
        out
    }

    #[inline(always)]
    fn mul_add(a: Self::Block, b: Self::Block, c: Self::Block) -> Self::Block {
        let mut out = a;
        for m in 0..4 {
            out[m] = a[m].mul_add(b[m], c[m]);
        }
        out
    }

    #[inline(always)]
    fn keep(_: S, mut a: Self::Block, columns: usize) -> Self::Block {
        for m in 0..4 {
            a[m].as_mut_slice()[columns..].fill(0.0);
        }
        a
    }
}
