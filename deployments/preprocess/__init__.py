"""The fitted transform from feature columns to model tensors; training and serving share it."""
