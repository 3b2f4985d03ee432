"""Records that must not be lost, nor changed unseen: chained frames in segments, sealed
elsewhere."""
