"""The WebSocket: rows as they come, each answered as soon as it is ready."""
