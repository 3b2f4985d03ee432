"""Whether what is served is what training would have seen: a sample of served rows is joined again
offline, at the instants at which they were served, and compared value by value."""
