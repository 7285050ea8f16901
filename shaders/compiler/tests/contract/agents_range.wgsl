// expect: line 3
// says: AGENTS is 0, allowed is 1 to 1024
const AGENTS: u32 = 0u;
