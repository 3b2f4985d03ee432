"""gRPC's own health checks (https://github.com/grpc/grpc/blob/master/doc/health-checking.md), by
which Kubernetes probes a port, and load balancers their servers."""

SERVICE = "grpc.health.v1.Health"
"""The name over gRPC."""
