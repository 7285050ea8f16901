//! Activations and their derivatives, which are not functions of the activations' results.
//!
//! Source: Elfwing et al. 2018, "Sigmoid-weighted linear units" (arXiv 1702.03118).

use fearless_simd::{Simd, SimdBase};

use crate::network::vector_math::{Exp, Function};

/// `σ(x)`.
#[inline(always)]
fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = S::f32s::splat(simd, 1.0);
    one / (one + Exp::of(simd, -x))
}

/// `x σ(x)`.
pub struct Silu;

impl Function for Silu {
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
        x * sigmoid(simd, x)
    }
}

/// Its derivative, which is an activation too.
pub struct SiluSlope;

impl Function for SiluSlope {
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
        let (s, one) = (sigmoid(simd, x), S::f32s::splat(simd, 1.0));
        s * (one + x * (one - s))
    }
}

/// The derivative of that.
pub struct SiluCurvature;

impl Function for SiluCurvature {
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
        let (s, one, two) = (sigmoid(simd, x), S::f32s::splat(simd, 1.0), S::f32s::splat(simd, 2.0));
        s * (one - s) * (two + x * (one - two * s))
    }
}
