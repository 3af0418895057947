"""The page of the report, and the figures beside it."""

import dataclasses
import json
import math
import re
from html.parser import HTMLParser

import pytest

from converter.report.document import as_json
from converter.report.facts import Candidate, Choice, FrontierPoint, GateResult, Limit, Verdict
from converter.report.gather import SHOWN_OUTPUTS
from converter.report.page import render, write_report
from tests.converter.reports import a_layer, a_report, an_agreement, an_output

VOID = {"meta"}


class Outline(HTMLParser):
    """Checks that every element is closed in its order, and keeps what is said."""

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.links, self.said = [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[key] for key in ("href", "src", "srcset", "action") if key in given]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.said.append(data)


def text_of(report):
    return " ".join(Outline(render(report)).said)


def everything_missing():
    """A report of which nothing is known that may be unknown."""
    rows = tuple(
        dataclasses.replace(
            an_output(k, spearman=math.nan),
            max_abs_logit=math.nan, rms_logit=math.inf, auroc_float=None, auroc_converted=None, scatter=None,
        )
        for k in range(3)
    )  # fmt: skip
    return a_report(
        clean=an_agreement(outputs=rows),
        spoilt=None,
        gate=GateResult("", (Limit("rank", "0.9 or more", math.nan, 3),)),
        float_vs_torch_max=None,
        speed=(),
        candidates=(Candidate("full", False, "", math.nan, math.nan, 0, None, None),),
        frontier=(FrontierPoint(0.0, 1.0, 1, 1, 1),),
        chosen_step=None,
        arithmetic=(),
        layers=(a_layer(sqnr_db=math.inf, lost_db=math.nan), a_layer(sqnr_db=-math.inf, lost_db=math.inf)),
        choices=(),
    )


def test_the_page_is_well_formed_and_no_name_is_given_twice():
    outline = Outline(render(a_report()))
    assert len(outline.ids) == len(set(outline.ids)) > 0


def test_the_page_fetches_nothing_and_runs_nothing():
    page = render(a_report())
    assert Outline(page).links == []
    assert re.findall(r"https?:|//[a-z]|url\(|@import|<script|<link|<iframe|javascript:", page) == []


def test_whatever_is_said_is_escaped():
    evil = "<script>alert('&\"')</script>"
    row = dataclasses.replace(an_output(1), name=evil, output_id=evil)
    agreement = an_agreement(evil, (row,))
    report = a_report(
        pack_label=evil, checkpoint_name=evil, checkpoint_sha256=evil, target=evil, mode=evil, machine=evil,
        created=evil, versions={evil: evil}, calibration=evil, verification=evil, stage_seconds={evil: 1.0},
        clean=agreement, spoilt=agreement, gate=GateResult(evil, (Limit(evil, evil, 1.0, 0),)), failed=(evil,),
        candidates=(Candidate(evil, True, evil, 1.0, 1.0, 0, 1.0, 1),), choices=(Choice(evil, evil, evil),),
        layers=(a_layer(evil, evil, evil),),
    )  # fmt: skip
    page = render(report)
    assert "<script" not in page
    assert evil in Outline(page).said


def test_every_output_stands_on_the_page():
    rows = tuple(an_output(k) for k in range(3 * SHOWN_OUTPUTS))
    said = text_of(a_report(clean=an_agreement(outputs=rows), spoilt=None))
    assert [row.output_id for row in rows if row.output_id not in said] == []


def test_what_is_no_number_is_never_printed():
    page = render(everything_missing())
    assert re.findall(r"\b(?:nan|NaN|inf|Infinity)\b|[>\"\s]None[<\",.]", page) == []


def test_what_was_not_measured_is_said():
    said = text_of(everything_missing())
    assert "Windows with artefacts were not measured." in said
    assert "Speed was not measured." in said


@pytest.mark.parametrize("demonstration", [True, False])
def test_a_demonstration_is_called_one(demonstration):
    assert ("must never be taken for a trained medical model" in text_of(a_report(demonstration=demonstration))) is (
        demonstration
    )


def test_it_is_no_medical_device_in_any_case():
    assert "Not a medical device" in text_of(a_report())


@pytest.mark.parametrize(
    ("failed", "accepted", "verdict", "said"),
    [
        ((), (), Verdict.PASSED, "Passed: all of 3 outputs kept."),
        ((), ("analyte_1_low",), Verdict.PASSED_WITH_LOSSES, "1 of 3 outputs not kept, and accepted."),
        (("analyte_0_low",), ("analyte_1_low",), Verdict.FAILED, "Failed: 1 of 3 outputs not kept (1 more accepted)."),
    ],
)
def test_the_verdict_counts_what_failed_and_what_was_accepted(failed, accepted, verdict, said):
    report = a_report(failed=failed, accepted=accepted)
    assert report.verdict is verdict
    assert said in text_of(report)


def test_all_that_was_lost_is_listed_even_if_it_is_much():
    rows = tuple(an_output(k, spearman=0.1) for k in range(40))
    report = a_report(clean=an_agreement(outputs=rows), failed=tuple(row.output_id for row in rows), n_outputs=40)
    said = text_of(report)
    assert "28 more outputs not kept" in said
    assert said.count("failed") == len(rows)


def test_json_survives_a_round_trip_with_the_report_s_figures():
    report = a_report()
    read = json.loads(json.dumps(as_json(report), allow_nan=False))
    assert read == as_json(report)
    assert (read["schema_version"], read["verdict"], read["float_bytes"]) == (1, "passed", 4_000_000)
    assert read["clean"]["outputs"][1]["scatter"]["actual_logits"] == [
        *report.clean.outputs[1].scatter.actual_logits.tolist()
    ]


def test_json_has_null_for_what_is_no_number():
    written = json.dumps(as_json(everything_missing()), allow_nan=False)
    assert json.loads(written)["clean"]["outputs"][0]["spearman"] is None


def test_json_has_every_output_but_only_the_worst_ones_windows():
    rows = tuple(an_output(k) for k in range(3 * SHOWN_OUTPUTS))
    written = as_json(a_report(clean=an_agreement(outputs=rows)))["clean"]["outputs"]
    assert [row["output_id"] for row in written] == [row.output_id for row in rows]
    assert [row["scatter"] is not None for row in written] == [False] * 2 * SHOWN_OUTPUTS + [True] * SHOWN_OUTPUTS


def test_json_refuses_what_is_no_fact():
    with pytest.raises(TypeError, match="set is no fact"):
        as_json(a_report(versions={"numpy": {1}}))


def test_both_files_are_written_side_by_side(tmp_path):
    report = a_report()
    write_report(tmp_path / "report.html", report)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(report)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == as_json(report)


def test_what_was_measured_of_the_layers_and_the_speed_is_said_with_its_n():
    said = text_of(a_report(n_layer_windows=4))
    assert "over 4 windows on the runtime's own kernels" in said
    assert "10.50" in said


def test_a_bare_report_can_be_written():
    said = text_of(a_report(speed=(), candidates=(), frontier=(), chosen_step=None, arithmetic=(), layers=()))
    assert "The error along the network was not measured." in said
