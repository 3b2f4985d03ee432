"""The Open Inference Protocol V2 (https://github.com/kserve/open-inference-protocol), over HTTP,
with the binary tensor extension, and over gRPC."""

PREFIX = "v2"
"""The first part of the paths over HTTP."""
SERVICE = "inference.GRPCInferenceService"
"""The name over gRPC."""
