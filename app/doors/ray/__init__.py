"""What runs before the application at Ray's own doors."""
