"""What was answered, to whom and from what: recorded before the answer leaves."""
