"""Services over gRPC as servers take them, made of their definitions."""

from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass


def add_methods(
    service: ServiceDescriptor, servicer: Any, server: grpc.aio.Server, names: Sequence[str]
) -> None:
    """Register these methods of a servicer; of others the server says that it has none. Each takes
    one message and answers one."""
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, name),
            GetMessageClass(service.methods_by_name[name].input_type).FromString,
            GetMessageClass(service.methods_by_name[name].output_type).SerializeToString,
        )
        for name in names
    }
    handler = grpc.method_handlers_generic_handler(service.full_name, handlers)
    server.add_generic_rpc_handlers([handler])
