//! A lost device is an error of the batches on it, and of nothing else. It is a test program of its own, because the
//! device that it destroys is shared by all batches of a process.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use shadergym_envs::gpu::{GpuContext, adapters};
use shadergym_envs::{BatchOptions, Device, Error, ids, make_with};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trial = Trial::test("a_lost_device_is_an_error_and_is_replaced", lost).with_ignored_flag(adapters().is_empty());
    libtest_mimic::run(&arguments, vec![trial]).exit_code()
}

fn lost() -> Result<(), Failed> {
    let id = ids().next().ok_or("there are environments")?;
    let gpu = BatchOptions::new(8).device(Device::Gpu(None));
    let mut batch = make_with(id, &gpu)?;
    let mut cpu = make_with(id, &BatchOptions::new(8).device(Device::Cpu))?;
    batch.reset(1)?;
    cpu.reset(1)?;
    let context = GpuContext::shared(None)?;
    context.device.destroy();
    for call in 0..3 {
        match batch.rollout(10) {
            Err(Error::DeviceFailed { device, .. }) if device == context.info.name => {}
            other => return Err(format!("call {call}: expected DeviceFailed, got {other:?}").into()),
        }
    }
    cpu.rollout(10)?;
    let mut fresh = make_with(id, &gpu)?;
    fresh.reset(1)?;
    fresh.rollout(10)?;
    Ok(())
}
