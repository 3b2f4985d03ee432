"""What runs a program: one file for each kind of device."""
