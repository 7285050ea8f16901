//! Calls, which are inlined.

use std::collections::HashMap;

use naga::{Block, Function, Handle, Statement};

use super::ir::{Def, FALSE, Val};
use super::lower::{Activation, Lowered, Lowerer, Value, hash, type_words};
use super::op::Op;
use super::place::Place;
use crate::lanes::NATIVE;

/// Instructions of one program: more would be a program that takes seconds to lower.
const MAX_INSTRUCTIONS: usize = 1 << 20;

impl Lowerer<'_> {
    /// Inlines a call; the words of its result, none for a function without.
    pub fn inline(&mut self, handle: Handle<Function>, arguments: Vec<Value>) -> Lowered<Option<Value>> {
        let (module, info) = (self.module, &self.info[handle]);
        let function = &module.functions[handle];
        if let Some(name) = function.name.as_deref()
            && NATIVE.iter().any(|(wgsl, _)| *wgsl == name)
        {
            let (a, b) = (self.words_of(&arguments[0], 1)?[0], self.words_of(&arguments[1], 1)?[0]);
            return Ok(Some(Value::Words([self.op(Op::MulHigh, &[a, b])?].into())));
        }
        if self.b.insts.len() > MAX_INSTRUCTIONS {
            return self.refuse("a program this long: calls are inlined, loops of constant length unrolled");
        }
        let (cells, variables) = (self.cells.len(), self.variables.len());
        let (memories, local_rows) = (self.memories.len() as u32, self.local_rows);
        self.cells.push(FALSE);
        let result = function.result.as_ref().map(|r| type_words(module, r.ty));
        let nested = function.body.iter().any(|s| !matches!(s, Statement::Return { .. }) && returns(s));
        let result_cells = result.filter(|_| nested).map(|count| {
            let first = self.cells.len();
            self.cells.extend((0..count).map(|_| FALSE));
            first
        });
        self.stack.push(Activation {
            function,
            info,
            arguments,
            expressions: HashMap::new(),
            locals: Vec::new(),
            targets: Vec::new(),
            hoisted: HashMap::new(),
            returned: cells,
            cells: result_cells,
            result: None,
        });
        for (local, declared) in function.local_variables.iter() {
            // One for all calls: what is learnt about it in one holds for the others.
            let id = hash(0, (handle.index(), local.index()));
            let index = self.declare(id, declared.ty, None);
            self.here_mut().locals.push(index);
            let count = type_words(module, declared.ty);
            let place = Place::new(index);
            match declared.init {
                Some(init) => {
                    let value = self.value(init)?;
                    let value = self.words_of(&value, count)?;
                    self.store(&place, &value)?;
                }
                None => self.zero_memory(index)?,
            }
        }
        self.block(&function.body)?;
        let activation = self.stack.pop().expect("pushed above");
        let value = match (activation.result, activation.cells, result) {
            (Some(value), _, _) => Some(value),
            (None, Some(first), Some(count)) => {
                Some(Value::Words(self.cells[first..first + count as usize].to_vec().into()))
            }
            _ => None,
        };
        self.cells.truncate(cells);
        self.variables.truncate(variables);
        let is_own =
            |v: &Val| matches!(self.b.values[*v as usize].def, Def::Memory { memory, .. } if memory >= memories);
        if !matches!(&value, Some(Value::Words(words)) if words.iter().any(is_own)) {
            self.local_rows_needed = self.local_rows_needed.max(self.local_rows);
            self.local_rows = local_rows;
        }
        Ok(value)
    }
}

/// True if a return is in the statement.
fn returns(statement: &Statement) -> bool {
    let any = |block: &Block| block.iter().any(returns);
    match statement {
        Statement::Return { .. } => true,
        Statement::Block(block) => any(block),
        Statement::If { accept, reject, .. } => any(accept) || any(reject),
        Statement::Switch { cases, .. } => cases.iter().any(|c| any(&c.body)),
        Statement::Loop { body, continuing, .. } => any(body) || any(continuing),
        _ => false,
    }
}
