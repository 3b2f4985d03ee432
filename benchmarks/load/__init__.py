"""Load from compiled generators: a closed loop (wrk) and an open one (arrivals/, built here)."""
