"""Whether memory stays where it is, under load for a long time."""
