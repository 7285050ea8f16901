//! Constants of the module: words, or tables where they are long.

use std::collections::HashMap;

use naga::{Constant, Expression, Handle};

use super::lower::{Lowered, Lowerer, Value, type_words};

/// Constant arrays, each once.
#[derive(Default)]
pub(super) struct Tables {
    pub words: Vec<u32>,
    at: HashMap<Handle<Constant>, u32>,
}

/// Words from which on a constant is a table.
const TABLE: usize = 9;
impl Lowerer<'_> {
    pub fn constant(&mut self, constant: Handle<Constant>) -> Lowered<Value> {
        let declared = &self.module.constants[constant];
        let count = type_words(self.module, declared.ty) as usize;
        if count < TABLE {
            let mut flat = Vec::new();
            self.flatten(declared.init, &mut flat)?;
            return Ok(Value::Words(flat.into_iter().map(|w| self.b.constant(w)).collect()));
        }
        if let Some(at) = self.tables.at.get(&constant) {
            return Ok(Value::Table(*at));
        }
        let mut flat = Vec::with_capacity(count);
        self.flatten(declared.init, &mut flat)?;
        let at = self.tables.words.len() as u32;
        self.tables.words.extend(flat);
        self.tables.at.insert(constant, at);
        Ok(Value::Table(at))
    }

    /// The words of a constant expression of the module.
    fn flatten(&mut self, expression: Handle<Expression>, out: &mut Vec<u32>) -> Lowered<()> {
        match self.module.global_expressions[expression] {
            Expression::Literal(literal) => out.push(self.literal(literal)?),
            Expression::Constant(constant) => self.flatten(self.module.constants[constant].init, out)?,
            Expression::ZeroValue(ty) => out.extend((0..type_words(self.module, ty)).map(|_| 0)),
            Expression::Splat { size, value } => {
                for _ in 0..size as u32 {
                    self.flatten(value, out)?;
                }
            }
            Expression::Compose { ref components, .. } => {
                for component in components {
                    self.flatten(*component, out)?;
                }
            }
            ref other => return self.refuse(&format!("the constant expression {other:?}")),
        }
        Ok(())
    }

    pub fn literal(&self, literal: naga::Literal) -> Lowered<u32> {
        Ok(match literal {
            naga::Literal::F32(v) => v.to_bits(),
            naga::Literal::U32(v) => v,
            naga::Literal::I32(v) => v as u32,
            naga::Literal::Bool(v) => {
                if v {
                    u32::MAX
                } else {
                    0
                }
            }
            other => return self.refuse(&format!("literal {other:?}")),
        })
    }
}
