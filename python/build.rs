//! Lets the extension module link without Python: macOS needs to be told that the symbols come later.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
