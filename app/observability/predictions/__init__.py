"""What was predicted, of which row: kept so that outcomes can be held against it."""
