from tests.chaos.figures import Figures
from tests.chaos.kinds import RAYS, at
from tests.chaos.overload import overloaded
from tests.chaos.scale import Scale
from tests.chaos.site import Site


@at(1, doors=RAYS, short=None)
def test_it_answers_what_it_can_and_refuses_the_rest_at_once(
    site: Site, scale: Scale, figures: Figures
) -> None:
    overloaded(site, scale, figures)


@at(1, doors=("front",), short="front")
def test_behind_the_front_a_refusal_costs_the_replica_nothing(
    site: Site, scale: Scale, figures: Figures
) -> None:
    overloaded(site, scale, figures)
