// expect: line 3
// says: alias Action = array<f32, N>
alias Action = f32;
