"""The stages of the graph: plain classes, each with a thin Ray Serve deployment beside it."""
