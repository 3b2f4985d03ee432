"""What the graph costs: prices, what a recorded day cost, and what it would have cost otherwise.
The way of a request knows none of it: replicas count by the second (``deployments.metrics``)."""
