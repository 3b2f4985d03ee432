"""From the rows of training to what served rows are compared with."""
