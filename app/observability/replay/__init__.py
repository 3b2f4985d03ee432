"""Days of the past, played through a service that runs."""
