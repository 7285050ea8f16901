//! Weights and traces of a member in memory of its workgroup while a dispatch lasts.

var<workgroup> kernel_stream_weights: array<f32, KERNEL_STREAM_PARAMETERS>;
var<workgroup> kernel_stream_traces: array<f32, KERNEL_STREAM_PARAMETERS>;

fn kernel_stream_weight(p: u32) -> f32 {
    return kernel_stream_weights[p];
}

/// Decays a trace and adds a gradient; returns its magnitude.
fn kernel_stream_trace(p: u32, decay: f32, gradient: f32) -> f32 {
    let trace = decay * kernel_stream_traces[p] + gradient;
    kernel_stream_traces[p] = trace;
    return abs(trace);
}

fn kernel_stream_step(p: u32, change: f32) {
    kernel_stream_weights[p] -= change * kernel_stream_traces[p];
}

/// Behind it all threads see what any of them wrote.
fn kernel_stream_settle() {
    workgroupBarrier();
}

fn kernel_stream_fetch(m: u32, id: u32) {
    let at = m * 2u * kernel_stream.parameters;
    for (var p = id; p < kernel_stream.parameters; p += KERNEL_STREAM_THREADS) {
        kernel_stream_weights[p] = kernel_stream_values[at + p];
        kernel_stream_traces[p] = kernel_stream_values[at + kernel_stream.parameters + p];
    }
}

fn kernel_stream_keep(m: u32, id: u32) {
    let at = m * 2u * kernel_stream.parameters;
    for (var p = id; p < kernel_stream.parameters; p += KERNEL_STREAM_THREADS) {
        kernel_stream_values[at + p] = kernel_stream_weights[p];
        kernel_stream_values[at + kernel_stream.parameters + p] = kernel_stream_traces[p];
    }
}
