"""What every request passes, whatever its protocol and its door."""
