import pytest

from edge.waves.figures import Figure, Withheld


@pytest.mark.parametrize("facts", [(None, None, 0), (60.0, 1.0, 3, Withheld.AF)])
def test_a_figure_has_a_value_or_the_reason_why_not(facts):
    with pytest.raises(ValueError, match="a value or the reason why not"):
        Figure(*facts)
