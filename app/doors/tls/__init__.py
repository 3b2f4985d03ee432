"""TLS at the front: what is read of files, how HAProxy is told, and a certificate for oneself."""
