"""What a request costs more that is traced, or could be, without a server."""
