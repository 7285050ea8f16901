//! Weights and traces of a member where the buffer has them: networks that do not fit the memory of a workgroup.

var<private> kernel_stream_at: u32;

fn kernel_stream_weight(p: u32) -> f32 {
    return kernel_stream_values[kernel_stream_at + p];
}

/// Decays a trace and adds a gradient; returns its magnitude.
fn kernel_stream_trace(p: u32, decay: f32, gradient: f32) -> f32 {
    let at = kernel_stream_at + kernel_stream.parameters + p;
    let trace = decay * kernel_stream_values[at] + gradient;
    kernel_stream_values[at] = trace;
    return abs(trace);
}

fn kernel_stream_step(p: u32, change: f32) {
    kernel_stream_values[kernel_stream_at + p] -=
        change * kernel_stream_values[kernel_stream_at + kernel_stream.parameters + p];
}

/// Behind it all threads see what any of them wrote.
fn kernel_stream_settle() {
    storageBarrier();
}

fn kernel_stream_fetch(m: u32, id: u32) {
    kernel_stream_at = m * 2u * kernel_stream.parameters;
}

fn kernel_stream_keep(m: u32, id: u32) {}
