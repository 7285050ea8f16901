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
