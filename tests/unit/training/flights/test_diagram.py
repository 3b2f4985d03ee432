import numpy as np

from training.flights.diagram import reliability_diagram


def test_the_diagram_is_a_picture() -> None:
    random = np.random.default_rng(0)
    probability = random.random(2_000)
    late = (random.random(2_000) < probability).astype(np.float64)

    picture = reliability_diagram(late, {"network": probability, "trees": probability}, "Flights")

    assert picture.startswith(b"\x89PNG")
