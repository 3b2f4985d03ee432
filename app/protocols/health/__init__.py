"""What readiness means in every protocol, and gRPC's own health checks
(https://github.com/grpc/grpc/blob/master/doc/health-checking.md), by which Kubernetes probes a
port, and load balancers their servers."""

SERVICE = "grpc.health.v1.Health"
"""The name over gRPC."""

READY = """True while a row gets through every stage: known from the batches that end, and where
none does from golden rows that are sent past the queue. False within 3 s where a stage hangs, even
if answers go on since something stands in for it, and true within 1 s of its return. With the
online store away it is true where the policies of the feature views allow answers without it."""
"""For the documents of all of them."""
