/// x
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OptimizerKind {
    Adam,
    AdamW,
    RAdam,
    Lamb,
    Sgd,
}
