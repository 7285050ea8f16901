//! Sizes of the functions of the running program, from its own symbol table (64-bit ELF, little-endian, not stripped).

/// Name and bytes of every function of this program; None where it is no such file, or stripped.
pub fn functions_of_this_program() -> Option<Vec<(String, u64)>> {
    let file = std::fs::read(std::env::current_exe().ok()?).ok()?;
    functions(&file).filter(|found| !found.is_empty())
}

/// Bytes of the functions in a module `stem` of the generated ones. Both manglings of rustc write each part of a path
/// behind its length.
pub fn bytes_of_module(functions: &[(String, u64)], stem: &str) -> u64 {
    let path = format!("9generated{}{stem}", stem.len());
    functions.iter().filter(|(name, _)| name.contains(&path)).map(|(_, bytes)| bytes).sum()
}

/// Functions in `.symtab` of an ELF file. Nothing in the file is trusted: what lies outside of it ends the search.
fn functions(file: &[u8]) -> Option<Vec<(String, u64)>> {
    const SYMTAB: u64 = 2;
    const FUNCTION: u64 = 2;
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let part = file.get(at..at.checked_add(bytes)?)?;
        Some(part.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    if file.get(..6)? != [0x7f, b'E', b'L', b'F', 2, 1] {
        return None;
    }
    let (table, size, count) = (number(40, 8)? as usize, number(58, 2)? as usize, number(60, 2)? as usize);
    // Room for the offsets below, which then cannot overflow.
    let section = |index: usize| table.checked_add(index.checked_mul(size)?).filter(|at| *at < file.len());
    for index in 0..count {
        let header = section(index)?;
        if number(header + 4, 4)? != SYMTAB {
            continue;
        }
        let (first, bytes) = (number(header + 24, 8)? as usize, number(header + 32, 8)? as usize);
        let names = number(section(number(header + 40, 4)? as usize)? + 24, 8)? as usize;
        let symbols = file.get(first..first.checked_add(bytes)?)?;
        let mut found = Vec::new();
        for (i, symbol) in symbols.chunks_exact(24).enumerate() {
            if u64::from(symbol[4] & 15) == FUNCTION {
                let name = file.get(names.checked_add(number(first + i * 24, 4)? as usize)?..)?;
                let end = name.iter().position(|b| *b == 0)?;
                found.push((String::from_utf8_lossy(&name[..end]).into_owned(), number(first + i * 24 + 16, 8)?));
            }
        }
        return Some(found);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_environment_has_code() {
        let Some(found) = functions_of_this_program() else {
            if cfg!(target_os = "linux") {
                panic!("tests are not stripped");
            }
            return;
        };
        for environment in shadergym_shaders::environments() {
            let bytes = bytes_of_module(&found, environment.code.module);
            assert!(bytes > 1000, "{}: {bytes}", environment.stem);
        }
        assert_eq!(bytes_of_module(&found, "no_such_environment"), 0);
    }

    #[test]
    fn broken_files_have_no_functions() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for len in (0..256).chain([file.len() / 2, file.len() - 64]) {
            functions(&file[..len]);
        }
        assert!(functions(b"MZ").is_none());
    }
}
