"""A listening socket that begins no further handshake, and ends those that have begun."""

import ctypes
import socket
import struct

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h; Python has no name for it
# Classic BPF over the TCP header: a segment with SYN and without ACK is dropped, others pass.
_PROGRAM = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load the byte of flags
        (0x54, 0, 0, 0x12),  # and SYN | ACK
        (0x15, 0, 1, 0x02),  # SYN alone?
        (0x06, 0, 0, 0),  # drop
        (0x06, 0, 0, 0xFFFFFFFF),  # pass
    )
)


def begin_no_more(listener: socket.socket) -> None:
    """From here on who opens a connection is not heard, and asks again after a second, when
    another socket of a shared port hears it. Closed without this, Linux resets every connection
    whose handshake has begun but is not accepted (net.ipv4.tcp_migrate_req is off as a rule).

    Raises OSError where the kernel takes no filter."""
    program = ctypes.create_string_buffer(_PROGRAM, len(_PROGRAM))
    described = struct.pack("HL", len(_PROGRAM) // 8, ctypes.addressof(program))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
