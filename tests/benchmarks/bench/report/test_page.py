"""The page of results: whole, self-contained, and honest about what is not there."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from benchmarks.bench.comparing.comparison import Named
from benchmarks.bench.measurement import Conditions, Measurement, Quantity, Run
from benchmarks.bench.report.document import as_json
from benchmarks.bench.report.numbers import three
from benchmarks.bench.report.page import comparisons_of, render
from benchmarks.bench.result import Accuracy, Budget, OperatorTime
from tests.benchmarks.bench.report.results import a_pack, a_result

VOID = {"meta"}
EVIL = "<script>alert('&\"')</script>\x00"


class Outline(HTMLParser):
    """Checks that every element is closed in its order, and keeps what is said."""

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.links, self.said, self.charts = [], [], [], [], 0
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[key] for key in ("href", "src", "srcset", "action") if key in given]
        self.charts += given.get("role") == "img"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.said.append(data)


def page_of(*results):
    named = [Named(f"{i}.json", result) for i, result in enumerate(results)]
    return render(named, comparisons_of(named))


def text_of(*results):
    return " ".join(" ".join(Outline(page_of(*results)).said).split())


def charts_of(page):
    return [ET.fromstring(found) for found in re.findall(r"<svg[^>]* role=\"img\".*?</svg>", page, re.DOTALL)]


def bare_pack(**changes):
    """A pack of which only the least is known."""
    least = {"measurements": (), "memory": None, "budgets": (), "profile": (), "profile_source": "LiteRT tells nothing"}
    return a_pack().model_copy(update=least | changes)


FULL = page_of(a_result())
FULL_TEXT = " ".join(" ".join(Outline(FULL).said).split())


def test_the_page_is_well_formed_and_no_name_is_given_twice():
    outline = Outline(FULL)
    assert len(outline.ids) == len(set(outline.ids)) > 0


def test_the_page_fetches_nothing_and_runs_nothing():
    assert Outline(FULL).links == []
    assert re.findall(r"https?:|url\(|@import|<script|<link|<iframe|javascript:", FULL) == []


def test_every_chart_is_xml_and_tells_what_it_shows_to_those_who_do_not_see_it():
    charts = charts_of(FULL)
    assert len(charts) == Outline(FULL).charts == 2 * (3 * 5 + 1)  # wide and narrow: five a pack, and the roofline
    for chart in charts:
        assert chart.findtext("title")
        assert re.search(r"\d", chart.findtext("desc"))


def test_nothing_is_drawn_outside_its_chart():
    for chart in charts_of(page_of(a_result(), a_result(seed=9, speed=3.0))):
        width, height = map(float, chart.get("viewBox").split()[2:])
        for element in chart.iter():
            for key, most in (("x", width), ("x1", width), ("x2", width), ("cx", width), ("y", height), ("cy", height)):
                assert 0 <= float(element.get(key, 0)) <= most, ET.tostring(element)


def test_the_same_results_make_the_same_page():
    assert page_of(a_result()) == FULL


@pytest.mark.parametrize(
    "said",
    [
        "What 3 packs cost on Raspberry Pi 4 Model B Rev 1.5", "commit 58b8ad84f1", "2026-11-28", "1,500 to 1,800 MHz",
        "61.5 °C at the most", "governor ondemand", "quiet", "Not a medical device", "anyecg-waves 1.0.0",
        "21.0 million", "AUROC on unseen synthetic subjects", "INA219 on I2C bus 1", "profile of pi-4",
    ],
)  # fmt: skip
def test_the_machine_the_moment_and_the_packs_are_named(said):
    assert said in FULL_TEXT


def test_every_median_that_was_measured_stands_on_the_page():
    pack = a_pack()
    said = text_of(a_result(pack))
    for m in pack.measurements:
        figure = 1e3 / m.figure if m.quantity is Quantity.INFERENCE and m.conditions.batch > 1 else m.figure
        figure = 1e3 * figure if m.quantity is Quantity.ENERGY else figure
        assert three(figure) in said, m.quantity


def test_every_operator_and_every_accuracy_stands_on_the_page():
    pack = a_pack()
    said = text_of(a_result(pack))
    assert [o.name for o in pack.profile if o.name not in said] == []
    assert [a.name for a in pack.accuracy if a.name not in said] == []


def test_wherever_a_speed_is_shown_the_accuracy_of_the_pack_is_too():
    sections = FULL.split("<h2>")
    speeds = [s for s in sections if re.search(r"inference,|windows a second|whole loop|of one core|share of peak", s)]
    assert len(speeds) >= 5
    assert all("AUROC" in section for section in speeds if "<dt>" not in section)


def test_a_pack_that_states_no_accuracy_is_said_to_state_none():
    assert "its manifest states none" in text_of(a_result(a_pack().model_copy(update={"accuracy": ()})))


def test_a_demonstration_is_called_one_wherever_it_is_shown():
    said = FULL_TEXT
    assert "must never be taken for a trained medical model" in said
    assert said.count("anyecg-demo 1.0.0 DEMONSTRATION") >= 6
    assert "DEMONSTRATION DEMONSTRATION" not in said
    assert "DEMONSTRATION" not in text_of(a_result(a_pack("trained 1.0.0")))


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ((1.0, 2.0), "All 2 budgets are met."),
        ((1.0,), "The budget is met."),
        (
            (1.0, 12.0),
            "1 of 2 budgets is missed: anyecg-demo 1.0.0 DEMONSTRATION, latency p99, ms: 12.0, of 10.0 allowed",
        ),
        ((11.0, 12.0), "2 of 2 budgets are missed, by anyecg-demo 1.0.0 DEMONSTRATION."),
        ((), "No budget was judged."),
    ],
)
def test_the_verdict_is_one_sentence(measured, said):
    budgets = tuple(Budget(limit="latency p99, ms", allowed=10, measured=ms, source="manifest") for ms in measured)
    assert said in text_of(a_result(a_pack().model_copy(update={"budgets": budgets})))


def test_the_verdict_on_several_results_counts_by_result():
    missed = a_pack().model_copy(
        update={"budgets": (Budget(limit="latency p99, ms", allowed=1, measured=2, source="manifest"),) * 2}
    )
    assert "4 of 4 budgets are missed: 2 by A and 2 by B." in text_of(a_result(missed), a_result(missed))


def test_a_noisy_machine_is_said_to_be_one_before_any_figure():
    mood = a_result().mood.model_copy(
        update={"noisy": ("load average 9.1 on 4 cores",), "throttled": ("under-voltage",)}
    )
    page = page_of(a_result(mood=mood))
    assert page.index("The machine was noisy: load average 9.1") < page.index("<h2>")
    assert "under-voltage" in page


@pytest.mark.parametrize(
    "said",
    [
        "Steady inference was not measured", "The whole loop was not run", "No loop was run",
        "Streams were not measured",
        "Memory of the loop was not measured", "The machine's peak was not measured", "No energy was measured",
        "No profile: LiteRT tells nothing", "Inference was not measured", "Starting was not measured",
        "the kernel does not tell",
    ],
)  # fmt: skip
def test_what_was_not_measured_is_said(said):
    mood = a_result().mood.model_copy(update={"frequency_mhz": None, "temperature_c": None})
    with_inference = bare_pack(measurements=a_pack().find(Quantity.INFERENCE)) if "whole loop" in said else bare_pack()
    with_inference = with_inference.model_copy(update={"measurements": tuple(with_inference.measurements)})
    assert said in text_of(a_result(with_inference, peaks=(), mood=mood, energy_source="no meter was found"))


def test_what_could_not_be_made_as_it_should_be_is_noted():
    assert "anyecg-demo 1.0.0 DEMONSTRATION: no cold load" in text_of(a_result(bare_pack(notes=("no cold load",))))


def test_a_result_of_no_pack_at_all_makes_a_page():
    assert "Nothing was measured on Raspberry Pi 4" in text_of(a_result().model_copy(update={"packs": ()}))


def test_one_number_of_streams_makes_no_line():
    said = text_of(a_result(a_pack(streams=(2,))))
    assert "A line needs more than one number of streams" in said


def test_whatever_is_said_is_escaped():
    evil = a_pack().model_copy(
        update={
            "label": EVIL, "notes": (EVIL,), "quantisation": EVIL, "kernel_family": EVIL, "profile_source": EVIL,
            "operators": {EVIL: 1},
            "accuracy": (Accuracy(name=EVIL, value=0.5, measure=EVIL),),
            "profile": (OperatorTime(name=EVIL, ms=1.0, share=1.0),),
            "budgets": (Budget(limit=EVIL, allowed=1, measured=2, source=EVIL),),
            "measurements": (*a_pack().measurements, stage(EVIL)),
        }
    )  # fmt: skip
    base = a_result()
    words = ("processor", "architecture", "system", "python", "runtime", "anyecg", "board")
    machine = base.machine.model_copy(update=dict.fromkeys(words, EVIL))
    mood = base.mood.model_copy(update={"governor": EVIL, "throttled": (EVIL,), "noisy": (EVIL,)})
    result = a_result(evil, machine=machine, mood=mood, created=EVIL, commit=EVIL, settings=EVIL, energy_source=EVIL)
    page = page_of(result, result)
    assert "<script" not in page
    assert "\x00" not in page
    assert len(charts_of(page)) == Outline(page).charts


def stage(name):
    return Measurement(
        quantity=Quantity.STAGE,
        conditions=Conditions(stage=name, streams=1, hop_s=10.0),
        runs=(Run(values=(1.0, 2.0)),),
    )


@pytest.mark.parametrize("value", [0.0, 1e-12, 1e12])
def test_values_at_the_ends_of_what_a_file_may_hold_make_a_page(value):
    pack = a_pack()
    flat = tuple(
        m.model_copy(update={"runs": tuple(Run(values=(value,) * 3) for _ in m.runs)}) for m in pack.measurements
    )
    page = page_of(a_result(pack.model_copy(update={"measurements": flat})))
    assert re.findall(r"\b(?:nan|NaN|inf|Infinity)\b|[>\"\s]None[<\",.]", page) == []
    assert Outline(page).charts == len(charts_of(page)) > 0


def test_several_results_stand_side_by_side_with_what_may_be_said_of_them():
    same, other = a_result(seed=50, speed=1.3), a_result(seed=80, speed=3.0, processor="Intel Xeon")
    page = page_of(a_result(), same, other)
    said = " ".join(" ".join(Outline(page).said).split())
    assert "What 3 packs cost on 2 machines" in said
    assert "B over A" in said
    assert "beyond noise and 5%" in said
    assert "another machine, so no regression is judged" in said
    assert "A: inference, 1 thread" in said
    assert "C: inference, 1 thread" in said


def test_of_several_results_the_roofline_draws_one_number_of_threads_and_lists_all():
    page = page_of(a_result(a_pack()), a_result(a_pack(seed=4)))
    roofline = page[page.index("<h2>How near") : page.index("<h2>Which operators")]
    assert re.findall(r"</svg>([AB], \d threads?)", roofline) == ["A, 1 thread", "B, 1 thread"]
    assert roofline.count("<tr>") == 1 + 2 * 3


def test_one_wide_interval_does_not_press_the_other_ratios_together():
    wild = Measurement(
        quantity=Quantity.COLD_LOAD, conditions=Conditions(threads=9), runs=(Run(values=(1.0,)), Run(values=(900.0,)))
    )
    pack = a_pack().model_copy(update={"measurements": (*a_pack().measurements, wild)})
    page = page_of(a_result(pack), a_result(pack))
    forest = next(chart for chart in charts_of(page) if "B over A" in chart.findtext("title"))
    ticks = [element.text for element in forest.iter("text") if re.fullmatch(r"[\d.,]+", element.text or "")]
    assert 0.2 < float(ticks[0]) < float(ticks[-1]) < 5


def test_results_that_have_nothing_alike_are_said_to_have_nothing_alike():
    said = text_of(a_result(a_pack("one 1.0.0")), a_result(a_pack("two 1.0.0")))
    assert "Nothing in the two is alike" in said
    assert "Only in A, not compared: one 1.0.0" in said


def test_the_json_has_the_figures_of_the_page():
    pack = a_pack()
    named = [Named("a.json", a_result(pack)), Named("b.json", a_result(a_pack(seed=5)))]
    first = as_json(named, comparisons_of(named))["results"][0]["packs"][0]
    assert len(first["measurements"]) == len(pack.measurements)
    assert [point["threads"] for point in first["roofline"]] == [1, 2, 4]
    assert 0 < first["roofline"][0]["share_of_peak"] < 1
    assert first["streams"][0]["one_core_carries"] > 8
    assert [budget["met"] for budget in first["budgets"]] == [budget.met for budget in pack.budgets]
