"""What each replica takes of its machine."""

from deployments.metrics.metric import Label, counter, gauge

REPLICA = Label("stage", "the deployment", ("Ingress", "Features", "Preprocess", "Model"))
GPU = Label("gpu", "the index of the GPU", bound=16)

CPU = counter("windsock_replica_cpu_seconds", "CPU time, user and system", REPLICA)
MEMORY = gauge("windsock_replica_memory_bytes", "Resident memory", REPLICA)
GPU_BUSY = gauge("windsock_replica_gpu_ratio", "Share of time that its GPU was busy", REPLICA, GPU)
GPU_MEMORY = gauge(
    "windsock_replica_gpu_memory_bytes", "Memory that it holds on its GPU", REPLICA, GPU
)
LOOP_LAG = gauge(
    "windsock_replica_loop_lag_seconds",
    "How late the event loop was, at worst, since the last second",
    REPLICA,
)

ALL = (CPU, MEMORY, GPU_BUSY, GPU_MEMORY, LOOP_LAG)
