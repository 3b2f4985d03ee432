"""Feature lookup: one Feast feature service, read by view, cached by row, dated by a clock."""
