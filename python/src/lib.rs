//! The place of the Python package. It builds without Python for now: the compiled module (a `cdylib` made with PyO3)
//! and the thin package on top of it come with the wheel.
