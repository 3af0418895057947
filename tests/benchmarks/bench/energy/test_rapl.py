from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.opening import open_meter
from benchmarks.bench.energy.rapl import RaplMeter

RANGE_UJ = 262_143_328_850


class Clock:
    """A clock that is moved by hand."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def zone(powercap: Path, folder: str, name: str, energy_uj: int, range_uj: int = RANGE_UJ) -> Path:
    path = powercap / folder
    path.mkdir(parents=True, exist_ok=True)
    (path / "name").write_text(f"{name}\n")
    (path / "max_energy_range_uj").write_text(f"{range_uj}\n")
    (path / "energy_uj").write_text(f"{energy_uj}\n")
    return path / "energy_uj"


@pytest.fixture
def powercap(tmp_path: Path) -> Path:
    """As two sockets with memory look, and what must not be counted twice."""
    (tmp_path / "intel-rapl").mkdir()
    zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 1_000_000)
    zone(tmp_path, "intel-rapl:0:2", "dram", 2_000_000, 65_532_610_987)
    zone(tmp_path, "intel-rapl:1", "package-1", 9_000_000)
    zone(tmp_path, "intel-rapl:2", "psys", 50_000_000)
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", 5_000_000)
    return tmp_path


def test_packages_and_memory_are_added_up_and_nothing_twice(powercap):
    clock = Clock()
    with RaplMeter(powercap, clock) as meter:
        assert "dram" in meter.source
        assert "psys" not in meter.source
        meter.start()
        clock.now_s += 2.0
        zone(powercap, "intel-rapl:0", "package-0", 5_000_000 + 7_000_000)
        zone(powercap, "intel-rapl:0:0", "core", 1_000_000 + 6_000_000)
        zone(powercap, "intel-rapl:0:2", "dram", 2_000_000 + 500_000)
        zone(powercap, "intel-rapl:1", "package-1", 9_000_000 + 1_000_000)
        zone(powercap, "intel-rapl:2", "psys", 50_000_000 + 30_000_000)
        energy = meter.stop()
    assert energy.joules == pytest.approx(8.5)
    assert energy.watts == pytest.approx(4.25)
    assert 0 < energy.uncertainty_j < 0.01


@given(st.integers(0, RANGE_UJ), st.lists(st.integers(0, RANGE_UJ), min_size=1, max_size=8))
def test_a_counter_that_comes_round_is_counted_on(tmp_path_factory, began_uj, steps_uj):
    powercap = tmp_path_factory.mktemp("powercap")
    counter = zone(powercap, "intel-rapl:0", "package-0", began_uj)
    with RaplMeter(powercap) as meter:
        meter.start()
        now_uj = began_uj
        for step_uj in steps_uj:
            now_uj = (now_uj + step_uj) % (RANGE_UJ + 1)
            counter.write_text(f"{now_uj}\n")
            meter.look()
        assert meter.stop().joules == pytest.approx(sum(steps_uj) / 1e6)


def test_a_second_interval_begins_at_nothing(powercap):
    with RaplMeter(powercap) as meter:
        meter.start()
        zone(powercap, "intel-rapl:0", "package-0", 6_000_000)
        assert meter.stop().joules == pytest.approx(1.0)
        meter.start()
        assert meter.stop().joules == 0.0


def test_a_machine_without_counters_says_so(tmp_path):
    with pytest.raises(EnergyError, match="meter at the supply") as refused:
        RaplMeter(tmp_path / "powercap")
    assert refused.value.fault is EnergyFault.NO_METER


def test_counters_for_root_only_are_told_with_what_to_do(powercap, monkeypatch):
    read_text = Path.read_text

    def refusing(self, *args, **kwargs):
        if self.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read_text(self, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", refusing)  # root, who may run the tests, may read everything
    with pytest.raises(
        EnergyError, match=r"root only, as since Linux 5\.10 - run as root, or let your group"
    ) as refused:
        open_meter("rapl", powercap=powercap)
    assert refused.value.fault is EnergyFault.NOT_ALLOWED


@pytest.mark.parametrize("said", ["", "-5", "1e6", "a lot"])
def test_a_counter_that_is_no_count_is_refused(powercap, said):
    (powercap / "intel-rapl:0" / "energy_uj").write_text(said)
    with pytest.raises(EnergyError) as refused:
        RaplMeter(powercap)
    assert refused.value.fault is EnergyFault.NONSENSE


def test_a_counter_that_goes_away_while_it_is_looked_at_ends_the_interval_with_an_error(powercap):
    with RaplMeter(powercap) as meter:
        meter.start()
        (powercap / "intel-rapl:1" / "energy_uj").unlink()
        with pytest.raises(EnergyError) as gone:
            meter.stop()
    assert gone.value.fault is EnergyFault.SILENT
