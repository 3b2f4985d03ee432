"""What is made of the dependencies for others to check: a bill of materials, known weaknesses."""
