"""Where a replica tells its own address: its process and its port."""

WHEREABOUTS = "/fast-lane"
