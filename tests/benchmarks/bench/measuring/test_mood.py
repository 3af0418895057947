"""What Linux tells of the machine's mood, on trees of files as the kernel writes them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.measuring.mood import ProcessorTime, Watch, processor_time, throttling, why_noisy
from benchmarks.bench.result import Mood

STAT = "cpu  2255 34 2290 22625563 6290 127 456 33 12 0"
"""The first line of proc(5)'s example, with steal and guest as newer kernels have them."""
QUIET = Mood(load_average=(0.1, 0.2), stolen=0.0, others=0.01, yardstick_spread=0.02)


def machine(root: Path, *, stat: str, khz: int, millidegrees: int, throttled: str) -> None:
    """Write what a Raspberry Pi's kernel shows."""
    for name, text in {
        "proc/stat": f"{stat}\ncpu0 1 2 3\n",
        "proc/loadavg": "0.52 0.58 0.59 1/467 12345\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": f"{khz}\n",
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": f"{khz // 2}\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
        "sys/class/thermal/thermal_zone0/temp": f"{millidegrees}\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": f"{throttled}\n",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")


def test_processor_time_is_read_as_proc_5_has_it() -> None:
    assert processor_time(STAT) == ProcessorTime(
        busy=2255 + 34 + 2290 + 127 + 456,
        stolen=33,
        total=2255 + 34 + 2290 + 22625563 + 6290 + 127 + 456 + 33,
    )


def test_a_pi_that_grew_warm_and_slow_says_so(tmp_path: Path) -> None:
    machine(tmp_path, stat="cpu 100 0 100 1000 0 0 0 0 0 0", khz=1_500_000, millidegrees=48_000, throttled="0x0")
    watch = Watch(tmp_path)
    machine(tmp_path, stat="cpu 400 0 200 1500 0 0 0 100 0 0", khz=600_000, millidegrees=82_500, throttled="0x20002")
    mood = watch.mood()
    assert mood.load_average == (0.52, 0.52)
    assert mood.frequency_mhz == (600.0, 1500.0)
    assert mood.governor == "ondemand"
    assert mood.temperature_c == (48.0, 82.5)
    assert mood.throttled == ("frequency capped",)
    assert mood.stolen == pytest.approx(0.1)
    said = "; ".join(mood.noisy)
    for clause in (
        "the host took 10%",
        "other processes took",
        "at 600 to 1500 MHz",
        "the board says: frequency capped",
    ):
        assert clause in said


def test_a_machine_whose_kernel_tells_little_is_no_error(tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "stat").write_text("cpu 100 0 100 1000 0 0 0 0 0 0\n", encoding="ascii")
    (proc / "loadavg").write_text("0.00 0.01 0.05 1/100 99\n", encoding="ascii")
    mood = Watch(tmp_path).mood()
    assert (mood.frequency_mhz, mood.temperature_c, mood.governor, mood.throttled) == (None, None, "", ())


def test_yardsticks_beside_unlike_things_are_no_spread(tmp_path: Path) -> None:
    machine(tmp_path, stat="cpu 100 0 100 1000 0 0 0 0 0 0", khz=1_500_000, millidegrees=48_000, throttled="0x0")
    watch = Watch(tmp_path)
    watch.timed("small", [1.0] * 20)
    watch.timed("large", [5.0] * 20)
    assert watch.mood().yardstick_spread == 0.0


@pytest.mark.parametrize(
    ("before", "during", "said"),
    [
        (0x0, 0x0, ()),
        (0x50000, 0x50000, ()),  # it happened before this measurement
        (0x0, 0x50005, ("under-voltage", "throttled")),
        (0x0, 0x80000, ("soft temperature limit",)),  # and was over when looked at
        (0x50000, 0xF0002, ("frequency capped", "soft temperature limit")),
    ],
)
def test_throttling_is_what_held_or_happened_meanwhile(before: int, during: int, said: tuple[str, ...]) -> None:
    assert throttling(before, during) == said


def test_a_quiet_machine_is_not_noisy() -> None:
    assert not list(why_noisy(QUIET))


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 10.0))
def test_what_is_worse_is_never_called_quieter(stolen: float, others: float, spread: float) -> None:
    better = QUIET.model_copy(update={"stolen": stolen, "others": others, "yardstick_spread": spread})
    worse = better.model_copy(update={"stolen": min(1.0, stolen + 0.5), "yardstick_spread": spread + 0.5})
    assert len(list(why_noisy(worse))) >= len(list(why_noisy(better)))
