"""`windsock monitor`: a Prometheus of one's own for the graph that runs here, and what draws its
figures."""
