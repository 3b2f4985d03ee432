"""Where the stages of a graph run, and what the ingress needs to know of it."""
