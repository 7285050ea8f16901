/// x
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Schedule {
    Constant,
    Linear,
    Cosine,
    Wsd,
    Rex,
    Power,
    Infinite,
}
#[allow(missing_docs)]
impl Schedule {
    pub fn at(self, a: u64, b: u64) -> f32 {
        if self == Self::Linear { 1.0 - a as f32 / b as f32 } else { 1.0 }
    }
}
