//! What is known of the machine without asking a GPU driver.

use std::fs;

use shadergym_envs::Level;

/// The CPU as people know it.
pub fn cpu_name() -> String {
    let found = match std::env::consts::OS {
        "linux" => field("/proc/cpuinfo", "model name"),
        "macos" => std::process::Command::new("sysctl")
            .args(["-n", "machdep.cpu.brand_string"])
            .output()
            .ok()
            .and_then(|o| String::from_utf8(o.stdout).ok()),
        _ => std::env::var("PROCESSOR_IDENTIFIER").ok(),
    };
    let name = found.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    name.unwrap_or_else(|| format!("unknown {}", std::env::consts::ARCH))
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Mean number of busy threads over the last minute, where the system says so.
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// Operating system and architecture.
pub fn system() -> String {
    let name = field("/etc/os-release", "PRETTY_NAME").map(|n| n.trim_matches('"').to_owned());
    format!("{} {}", name.unwrap_or_else(|| std::env::consts::OS.to_owned()), std::env::consts::ARCH)
}

/// SIMD levels of this machine, worst first.
pub fn levels() -> Vec<String> {
    Level::available().iter().map(Level::to_string).collect()
}

/// The value of the first `key : value` or `key=value` line of a file.
fn field(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| {
        let (name, value) = line.split_once([':', '='])?;
        (name.trim() == key).then(|| value.trim().to_owned())
    })
}
