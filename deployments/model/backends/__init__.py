"""What runs a program: ``base`` is the seam, ``load`` finds the backend of a bundle."""
