"""Figures and accuracies in words."""

from benchmarks.bench.comparing.ratio import Ratio
from benchmarks.bench.comparing.words import accuracy_line, briefly, figure, interval, what
from benchmarks.bench.measurement import Conditions, Measurement, Quantity, Run
from benchmarks.bench.result import Accuracy


def measured(quantity=Quantity.INFERENCE, value=0.61234, **conditions):
    return Measurement(quantity=quantity, conditions=Conditions(**conditions), runs=(Run(values=(value,)),))


def test_usual_conditions_are_not_said_and_others_are():
    assert what(measured()) == "inference"
    assert what(measured(threads=2, batch=4)) == "inference, 2 threads, batch 4"
    assert what(measured(Quantity.STAGE, streams=1, hop_s=1.0, stage="total")) == "stage total, hop 1 s"
    assert what(measured(Quantity.CPU_SHARE, streams=8, hop_s=10.0)) == "cpu share, 8 streams, hop 10 s"


def test_a_figure_has_three_digits_and_its_unit():
    assert figure(measured()) == "0.612 ms"
    assert figure(measured(value=123.4)) == "123 ms"


def test_an_interval_that_says_nothing_is_called_so():
    assert interval(Ratio(1.02, 0.98, 1.06, 0.3)) == "1.02 (0.98 - 1.06)"
    assert interval(Ratio(0.9, 0.02, 40.0, 0.9)) == "0.90 (too noisy)"
    assert interval(Ratio(1.5)) == "1.50"
    assert interval(None) == "-"


def test_many_accuracies_are_told_by_their_median_and_none_is_told_too():
    many = [Accuracy(name=str(i), value=0.5 + i / 100, measure="AUROC") for i in range(9)]
    assert accuracy_line(many) == "accuracy: AUROC: median 0.54 of 9 outputs (0.5 - 0.58)"
    assert accuracy_line([]) == "accuracy: its manifest states none"


def test_of_many_measurements_a_few_are_named():
    assert briefly([measured(threads=n) for n in range(1, 7)]).endswith("inference, 4 threads; and 2 more")
