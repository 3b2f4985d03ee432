from tests.chaos import ingress
from tests.chaos.figures import Figures
from tests.chaos.harm import Harm
from tests.chaos.kinds import at
from tests.chaos.scale import Scale
from tests.chaos.site import Site


@at(2, short=None, harms=("hang",))
def test_one_of_two_takes_only_what_it_held_along(
    site: Site, scale: Scale, figures: Figures, harm: Harm
) -> None:
    ingress.one_of_two(site, scale, figures, harm)


@at(1, short=None)
def test_the_only_one_is_replaced_in_time(
    site: Site, scale: Scale, figures: Figures, harm: Harm
) -> None:
    ingress.the_only(site, scale, figures, harm)
