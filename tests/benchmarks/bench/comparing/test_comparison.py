"""What is compared with what, and what is then said; results are simulated, so that the truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.bench.comparing.around import Around
from benchmarks.bench.comparing.comparison import Named, compare_all, compare_results
from benchmarks.bench.comparing.matching import same_machine
from benchmarks.bench.comparing.verdict import Judged, Verdict
from benchmarks.bench.errors import BenchError, BenchFault
from benchmarks.bench.measurement import Conditions, Measurement, Quantity, Run
from tests.benchmarks.bench.comparing.simulated import INFERENCE, PI, SERVER, Simulation, pack

STEADY = Simulation(seed=7, process_sd=0.004, drift_sd=0.01, unseen_sd=0.004)
KEY = (Quantity.INFERENCE, INFERENCE)


def compared(base, other, **options):
    return compare_results(Named("base", base), Named("other", other), **options)


def with_packs(result, *packs):
    return result.model_copy(update={"packs": packs})


def verdicts(comparison):
    return {(row.base.quantity, row.base.conditions): row.verdict for row in comparison.rows}


def test_results_of_the_same_thing_differ_in_nothing():
    comparison = compared(STEADY.result(), STEADY.result())
    assert set(verdicts(comparison).values()) == {Verdict.NONE_SHOWN}
    assert not comparison.regressed


def test_a_fifth_slower_is_a_regression_and_memory_is_not_blamed():
    comparison = compared(STEADY.result(), STEADY.result(slower=1.2))
    assert comparison.regressed
    assert {row.verdict for row in comparison.rows if row.corrected} == {Verdict.WORSE}
    assert verdicts(comparison)[Quantity.PEAK_RESIDENT, Conditions(streams=1, hop_s=1.0)] is Verdict.NONE_SHOWN


def test_one_quantity_alone_is_named():
    slow = replace(STEADY, seed=8, factors={KEY: 1.2})
    found = verdicts(compared(STEADY.result(), slow.result()))
    assert [key for key, verdict in found.items() if verdict is Verdict.WORSE] == [KEY]


def test_what_is_faster_is_no_regression():
    comparison = compared(STEADY.result(), STEADY.result(slower=0.8))
    assert comparison.count(Verdict.BETTER) > 0
    assert not comparison.regressed


def test_swapping_the_two_turns_worse_into_better():
    one, other = STEADY.result(), STEADY.result(slower=1.2)
    there, back = compared(one, other), compared(other, one)
    assert there.count(Verdict.WORSE) == back.count(Verdict.BETTER) > 0
    assert [row.ratio.value for row in there.rows] == pytest.approx([1 / row.ratio.value for row in back.rows])


def test_memory_is_more_or_less_and_time_is_slower_or_faster():
    comparison = compared(STEADY.result(), STEADY.result(slower=1.3, heavier=1.3))
    assert {row.said for row in comparison.rows} == {"slower", "more"}


def test_a_change_below_the_threshold_is_of_no_weight():
    result = STEADY.result()
    other = STEADY.result(slower=1.2)
    assert compared(result, other, threshold=0.05).regressed
    assert not compared(result, other, threshold=0.5).regressed


def test_another_machine_is_set_beside_it_and_not_judged():
    comparison = compared(STEADY.result(), replace(STEADY, machine=SERVER).result(slower=3.0))
    assert not comparison.regressed
    assert {row.verdict for row in comparison.rows} == {Verdict.NOT_JUDGED}
    assert not any(row.corrected for row in comparison.rows)
    assert all(row.ratio.low < row.ratio.value < row.ratio.high for row in comparison.rows)


def test_a_machine_is_the_same_after_an_update_of_its_kernel():
    updated = PI.model_copy(
        update={"system": "Linux 6.12", "runtime": "litert 2.4.0", "memory_mb": PI.memory_mb * 0.99}
    )
    assert same_machine(PI, updated)
    assert not same_machine(PI, PI.model_copy(update={"memory_mb": PI.memory_mb / 2}))
    assert not same_machine(PI, PI.model_copy(update={"n_cores": 2}))


def test_other_kernels_are_set_beside_it_and_not_judged():
    base = STEADY.result()
    other = with_packs(base, base.packs[0].model_copy(update={"kernel_family": "litert-reference"}))
    comparison = compared(base, other)
    assert comparison.packs[0].judged is Judged.OTHER_KERNELS
    assert not comparison.regressed


def test_the_same_kernels_are_paired_where_there_is_a_choice():
    base = STEADY.result()
    first = base.packs[0]
    reference = first.model_copy(update={"kernel_family": "litert-reference"})
    comparison = compared(with_packs(base, reference, first), with_packs(base, first, reference))
    assert [one.judged for one in comparison.packs] == [Judged.YES, Judged.YES]
    assert [one.base.kernel_family for one in comparison.packs] == ["litert-reference", "litert-xnnpack"]


def test_one_pack_is_never_the_partner_of_two():
    base = STEADY.result()
    first = base.packs[0]
    reference = first.model_copy(update={"kernel_family": "litert-reference"})
    comparison = compared(with_packs(base, reference, first), base)
    assert [one.base.kernel_family for one in comparison.packs] == ["litert-xnnpack"]
    assert comparison.only_base == (reference,)


def test_another_model_under_the_same_name_has_no_partner():
    base = STEADY.result()
    other = with_packs(base, base.packs[0].model_copy(update={"model_sha256": "f" * 64}))
    with pytest.raises(BenchError) as refused:
        compare_all([Named("base", base), Named("other", other)])
    assert refused.value.fault is BenchFault.NOTHING_ALIKE


def test_other_conditions_have_no_partner():
    base = STEADY.result()
    first = base.packs[0]
    fewer = first.model_copy(update={"measurements": first.measurements[2:]})
    comparison = compared(base, with_packs(base, fewer))
    assert comparison.packs[0].only_base == first.measurements[:2]
    assert len(comparison.rows) == len(first.measurements) - 2


def test_one_run_gets_no_verdict():
    comparison = compared(STEADY.result(), replace(STEADY, n_runs=1).result(slower=2.0))
    assert {row.verdict for row in comparison.rows} == {Verdict.ONE_RUN}
    assert not comparison.regressed


def test_without_a_yardstick_the_interval_is_wider():
    def width(simulation):
        return [row.ratio.high / row.ratio.low for row in compared(simulation.result(), simulation.result()).rows][:-1]

    assert min(width(replace(STEADY, with_yardstick=False))) > max(width(replace(STEADY)))


def test_a_yardstick_that_was_disturbed_is_left_aside():
    def disturbed(result):
        first, *others = result.packs[0].measurements[2].runs
        run = first.model_copy(update={"yardstick_ms": 10 * first.yardstick_ms})
        spoilt = result.packs[0].measurements[2].model_copy(update={"runs": (run, *others)})
        return with_packs(result, pack([spoilt]))

    row = compared(STEADY.result(), disturbed(STEADY.result())).rows[0]
    assert not row.corrected
    assert row.ratio.high < 1.5


def test_a_noisy_machine_widens_every_interval():
    base, other = STEADY.result(), STEADY.result()
    mood = other.mood.model_copy(update={"noisy": ("others took half of it",)})
    quiet, noisy = compared(base, other), compared(base, other.model_copy(update={"mood": mood}))
    for one, two in zip(quiet.rows, noisy.rows, strict=True):
        assert two.ratio.low < one.ratio.low
        assert one.ratio.high < two.ratio.high


@pytest.mark.parametrize(("figure_ms", "worse"), [(0.4, True), (30.0, False)])
def test_a_long_call_among_others_that_take_the_machine_waits_and_proves_nothing(figure_ms, worse):
    def result(scale):
        runs = tuple(Run(values=(scale * figure_ms * by,), yardstick_ms=1.0) for by in (1.0, 1.01, 0.99, 1.0))
        measured = with_packs(STEADY.result(), pack([Measurement(quantity=KEY[0], conditions=KEY[1], runs=runs)]))
        return measured.model_copy(update={"mood": measured.mood.model_copy(update={"others": 0.8})})

    assert compared(result(1.0), result(1.6)).regressed is worse


def test_what_does_not_go_by_the_clock_does_not_wait():
    hour = Measurement(quantity=Quantity.WEARABLE_HOUR, conditions=INFERENCE, runs=(Run(values=(9.0,)),))
    start = Measurement(quantity=Quantity.COLD_START, conditions=INFERENCE, runs=(Run(values=(0.9,)),))
    crowded = Around(taken=0.8, n_cores=2)
    assert crowded.doubt(hour) == 0.0
    assert crowded.doubt(start) > 0.5
    assert Around(taken=0.0, n_cores=2).doubt(start) == 0.0


@pytest.mark.parametrize("joules", [0.0, -0.001])
def test_energy_that_is_not_above_idle_has_no_ratio(joules):
    energy = Measurement(quantity=Quantity.ENERGY, conditions=INFERENCE, runs=(Run(values=(joules,)),) * 3)
    result = with_packs(STEADY.result(), pack([energy]))
    assert verdicts(compared(result, result))[Quantity.ENERGY, INFERENCE] is Verdict.NO_RATIO


def test_a_table_is_wrongly_called_different_less_than_once_in_twenty():
    busy = Simulation(seed=100, process_sd=0.04, drift_sd=0.15, unseen_sd=0.02)
    different = sum(
        any(row.verdict in {Verdict.WORSE, Verdict.BETTER} for row in compared(busy.result(), busy.result()).rows)
        for _ in range(100)
    )
    assert different / 100 <= 0.05


def test_a_fifth_slower_is_caught_on_a_machine_that_wanders():
    wandering = Simulation(seed=200, n_runs=5, process_sd=0.02, drift_sd=0.08, unseen_sd=0.015)
    caught = [compared(wandering.result(), wandering.result(slower=1.2)).regressed for _ in range(40)]
    assert np.mean(caught) >= 0.95


def test_two_results_scaled_alike_get_the_same_verdicts():
    base, other = STEADY.result(), STEADY.result(slower=1.2)

    def scaled(result):
        runs = [
            one.model_copy(
                update={
                    "runs": tuple(
                        run.model_copy(update={"values": tuple(3 * v for v in run.values)}) for run in one.runs
                    )
                }
            )
            for one in result.packs[0].measurements
        ]
        return with_packs(result, result.packs[0].model_copy(update={"measurements": tuple(runs)}))

    assert verdicts(compared(base, other)) == verdicts(compared(scaled(base), scaled(other)))
