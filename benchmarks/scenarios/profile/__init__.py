"""Where the processor time of one replica goes, under load."""
