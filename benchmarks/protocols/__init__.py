"""What each protocol costs."""
