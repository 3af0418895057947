from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from edge.picture.markup import Markup, element, number, shortened, width_mm


@given(st.text(st.characters(codec="utf-16", exclude_categories=())))
def test_whatever_is_said_is_valid_xml(said):
    ET.fromstring(element("text", said, title=said).encode("utf-8", "surrogatepass"))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_categories=["Cc"])))
def test_what_is_said_can_be_read_back(said):
    assert (ET.fromstring(element("text", said)).text or "") == said


def test_what_is_svg_already_is_left_alone():
    assert element("g", Markup("<a/>"), "<b/>", x=None) == "<g><a/>&lt;b/&gt;</g>"


@given(st.text(), st.floats(8.0, 100.0))
def test_shortened_text_has_room(said, room_mm):
    assert width_mm(shortened(said, room_mm, 2.0), 2.0) <= max(room_mm, width_mm("abc", 2.0))


@given(st.floats(-1e4, 1e4))
def test_a_number_is_within_half_a_hundredth(value):
    assert abs(float(number(value)) - value) <= 0.005 + 1e-9
