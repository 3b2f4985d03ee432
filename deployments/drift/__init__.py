"""What served rows are compared with: the columns and outputs of training, counted in bins."""
