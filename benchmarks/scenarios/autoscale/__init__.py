"""How soon the graph has another replica when load comes, and whether that costs a request."""
