"""What an operator sees of the graph: a room for each thing that is looked at. The way of a request
knows none of them but as recorders (``app.edge.guards``)."""
