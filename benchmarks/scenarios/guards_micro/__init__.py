"""What one step of the guards costs, without a server."""
