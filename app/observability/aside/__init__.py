"""Work that one process of a node does aside, at low priority: joins, comparisons, summaries."""
