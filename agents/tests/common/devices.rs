//! Tests that run on a GPU and in a browser, whose compiler of WGSL is another.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use shadergym_envs::Device;
use shadergym_envs::gpu::{adapters, add_instance};

/// Name and body of a test.
pub type Test = (String, Box<dyn FnOnce(&Device) -> Result<(), Failed> + Send>);

/// Runs all tests on a GPU, software Vulkan or better, and those of kernels in a browser too, which takes its time. Without
/// an adapter or a browser they are reported as ignored, unless one is required.
pub fn run(of_kernels: fn() -> Vec<Test>, of_the_host: fn() -> Vec<Test>) -> ExitCode {
    let arguments = Arguments::from_args();
    // Where a device is required, its tests fail without one.
    let gpu = adapters().is_empty() && std::env::var_os("SHADERGYM_REQUIRE_GPU").is_none();
    let browser = shadergym_browser::missing().is_some();
    if !browser {
        add_instance(shadergym_browser::instance);
    }
    let browser = browser && std::env::var_os("SHADERGYM_REQUIRE_BROWSER").is_none();
    let mut trials = Vec::new();
    let everything = of_kernels().into_iter().chain(of_the_host()).collect();
    for (name, device, missing, tests) in
        [("gpu", "gpu", gpu, everything), ("browser", "gpu:browser", browser, of_kernels())]
    {
        let device: Device = device.parse().expect("a device");
        let of_device = tests.into_iter().map(|(test, body)| {
            let device = device.clone();
            Trial::test(format!("{name}::{test}"), move || body(&device)).with_ignored_flag(missing)
        });
        trials.extend(of_device);
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
