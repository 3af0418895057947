import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from ble_gateway.flash.versions import Order, compare

ASCENDING = ["0.9", "1.0.dev1", "1.0a1", "1.0-alpha.2", "1.0b1", "1.0rc2", "1.0", "1.0.post1", "v1.2.0", "1.10"]
numbers = st.integers(0, 20)
versions = st.builds(
    lambda release, before, post, dev, local: ".".join(map(str, release)) + before + post + dev + local,
    st.lists(numbers, min_size=1, max_size=4),
    st.just("") | st.builds("{}{}".format, st.sampled_from(["a", "b", "rc", "-alpha.", ".beta"]), numbers),
    st.just("") | st.builds(".post{}".format, numbers),
    st.just("") | st.builds(".dev{}".format, numbers),
    st.sampled_from(["", "+abc.1"]),
)


def test_versions_are_ordered_as_people_number_them():
    for at, version in enumerate(ASCENDING):
        assert [compare(version, other) for other in ASCENDING[:at]] == [Order.NEWER] * at
        assert compare(version, version) is Order.SAME


@given(versions, versions)
def test_the_order_is_that_of_pep_440_but_for_what_follows_a_plus(one, other):
    ours, theirs = (Version(version.partition("+")[0]) for version in (one, other))
    expected = Order.SAME if ours == theirs else Order.OLDER if ours < theirs else Order.NEWER
    assert compare(one, other) is expected


@pytest.mark.parametrize("version", ["latest", "", "1.0-blue", "one", "1..2", "1.0+", "\u0661.0"])
def test_what_is_no_version_is_not_ordered(version):
    assert compare(version, "1.0") is Order.UNKNOWN
    assert compare("1.0", version) is Order.UNKNOWN


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_two_texts_are_compared_the_other_way_round_too(one, other):
    opposite = {Order.OLDER: Order.NEWER, Order.NEWER: Order.OLDER}
    order = compare(one, other)
    assert compare(other, one) is opposite.get(order, order)
