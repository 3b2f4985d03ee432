"""HAProxy as the place to refuse what is too much: there it costs a replica nothing."""
