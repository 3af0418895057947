from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.hwmon import find_hwmon, hwmon_meter, microwatts
from benchmarks.bench.energy.ina import (
    BUS_VOLTAGE,
    CALIBRATION,
    CONFIGURATION,
    FACTS,
    POWER,
    Calibration,
    Chip,
    number,
    word,
)
from benchmarks.bench.energy.opening import open_meter
from benchmarks.bench.energy.wires import ina_meter

MOST = 0xFFFF


class SimulatedChip:
    """Registers that follow the data sheets' arithmetic, for a load that is known."""

    def __init__(self, chip: Chip, shunt_ohms: float) -> None:
        self.chip, self.shunt_ohms = chip, shunt_ohms
        self.amps, self.volts = 0.0, 5.0
        self.registers = {CONFIGURATION: b"\x39\x9f", CALIBRATION: b"\x00\x00"}
        self.closed = 0

    def read(self, register: int) -> bytes:
        calibration = number(self.registers[CALIBRATION])
        match register, self.chip:
            case (2, Chip.INA219):
                overflows = self.amps * self.shunt_ohms > FACTS[self.chip].shunt_volts
                return word(int(self.volts / 4e-3) << 3 | 2 | overflows)
            case (2, Chip.INA226):
                return word(int(self.volts / 1.25e-3))
            case (3, Chip.INA219):  # current = shunt x calibration / 4096; power = current x bus / 5000
                current = int(self.amps * self.shunt_ohms / 10e-6) * calibration // 4096
                return word(min(MOST, current * int(self.volts / 4e-3) // 5000))
            case (3, Chip.INA226):  # current = shunt x calibration / 2048; power = current x bus / 20000
                current = int(self.amps * self.shunt_ohms / 2.5e-6) * calibration // 2048
                return word(min(MOST, current * int(self.volts / 1.25e-3) // 20000))
        return self.registers[register]

    def write(self, register: int, value: bytes) -> None:
        if register == CALIBRATION and self.chip is Chip.INA219:
            value = word(number(value) & 0xFFFE)
        self.registers[register] = value

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("chip", "ohms", "written", "amps_step", "watts_step", "largest_amps"),
    [
        (Chip.INA219, 0.1, ("3e67", "1062"), 97.66e-6, 1.953e-3, 3.2),
        (Chip.INA219, 0.01, ("3e67", "1062"), 976.6e-6, 19.53e-3, 32.0),
        (Chip.INA226, 0.1, ("4527", "0800"), 25e-6, 625e-6, 0.8192),
        (Chip.INA226, 0.01, ("4527", "0800"), 250e-6, 6.25e-3, 8.192),
    ],
)
def test_registers_and_steps_are_as_the_data_sheets_equations_give_them(
    chip, ohms, written, amps_step, watts_step, largest_amps
):
    calibration = Calibration.of(chip, ohms)
    assert [(register, value.hex()) for register, value in calibration.writes()] == [(0, written[0]), (5, written[1])]
    assert calibration.amps_step == pytest.approx(amps_step, rel=1e-3)
    assert calibration.watts_step == pytest.approx(watts_step, rel=1e-3)
    assert calibration.largest_amps == pytest.approx(largest_amps)


def test_the_data_sheets_worked_examples_come_out():
    ina219 = Calibration(Chip.INA219, 0.002, 0x5000)  # SBOS448G, its worked example: 10 A at 12 V across 2 mOhm
    assert ina219.amps_step == pytest.approx(1e-3)
    assert ina219.watts(word(0x1766), word(0x5D98)) == pytest.approx(119.8, abs=0.05)
    ina226 = Calibration(Chip.INA226, 0.002, 0x0A00)  # SBOS547A, its worked example: 10 A at 12 V across 2 mOhm
    assert ina226.amps_step == pytest.approx(1e-3)
    assert ina226.watts(word(0x12B8), word(0x2570)) == pytest.approx(119.8, abs=0.05)


@given(st.sampled_from(Chip), st.sampled_from([0.1, 0.05, 0.01]), st.floats(0.05, 0.95), st.floats(3.0, 6.0))
def test_power_comes_out_of_a_chip_as_it_went_into_its_shunt(chip, ohms, load, volts):
    simulated = SimulatedChip(chip, ohms)
    calibration = Calibration.of(chip, ohms)
    with ina_meter(simulated, calibration, "a test") as meter:
        simulated.volts, simulated.amps = volts, load * calibration.largest_amps
        watts = calibration.watts(simulated.read(POWER), simulated.read(BUS_VOLTAGE))
        assert watts == pytest.approx(volts * simulated.amps, rel=4e-3, abs=2 * calibration.watts_step)
        assert meter.shortest_s < 1.0
    assert simulated.closed == 1


def test_a_current_that_does_not_fit_is_an_error_and_no_figure():
    simulated = SimulatedChip(Chip.INA219, 0.1)
    meter = ina_meter(simulated, Calibration.of(Chip.INA219, 0.1), "a test")
    simulated.amps = 4.0
    with pytest.raises(EnergyError, match=r"more than 3\.2 A") as refused:
        meter.start()
    assert refused.value.fault is EnergyFault.OUT_OF_RANGE


def test_another_chip_at_the_address_is_noticed_and_let_go_of():
    simulated = SimulatedChip(Chip.INA219, 0.1)
    simulated.write = lambda *_: None
    with pytest.raises(EnergyError, match="that is no ina219") as refused:
        ina_meter(simulated, Calibration.of(Chip.INA219, 0.1), "a test")
    assert refused.value.fault is EnergyFault.NONSENSE
    assert simulated.closed == 1


@pytest.mark.parametrize("ohms", [0.0, -0.1, float("nan"), float("inf")])
def test_no_shunt_is_no_meter(ohms):
    with pytest.raises(EnergyError, match="measures nothing"):
        Calibration.of(Chip.INA226, ohms)


def test_a_bus_that_is_not_there_is_told_with_what_to_do():
    with pytest.raises(EnergyError, match="raspi-config") as refused:
        open_meter("ina219:/dev/i2c-250:0x40:0.1")
    assert refused.value.fault is EnergyFault.SILENT


def hwmon(folder: Path, name: str, **files: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    for file, content in files.items():
        (folder / file).write_text(content)
    return folder


def test_the_kernels_meter_is_found_among_others_and_integrated(tmp_path):
    hwmon(tmp_path / "hwmon0", "cpu_thermal", temp1_input="48312\n")
    hwmon(tmp_path / "hwmon1", "ina3221", in1_input="5012\n")
    found = hwmon(tmp_path / "hwmon2", "ina219", power1_input="2500000\n", shunt_resistor="100000\n")
    assert find_hwmon(tmp_path) == found
    with hwmon_meter(tmp_path) as meter:
        assert meter.source == "ina219 by the kernel (hwmon2), shunt of 0.1 ohms, read every 0.05 s"
        meter.start()
        energy = meter.stop()
    assert energy.watts == pytest.approx(2.5)
    assert energy.uncertainty_w == pytest.approx(((2e-3) ** 2 / 12 + (0.025) ** 2 / 3) ** 0.5, rel=0.05)


def test_where_the_kernel_drives_none_another_way_is_named(tmp_path):
    with pytest.raises(EnergyError, match="ina219:/dev/i2c-1") as refused:
        open_meter("hwmon", hwmon=tmp_path)
    assert refused.value.fault is EnergyFault.NO_METER


def test_a_meter_whose_wire_came_off_is_silent(tmp_path):
    folder = hwmon(tmp_path / "hwmon0", "ina226", power1_input="1\n")
    with hwmon_meter(tmp_path) as meter:
        meter.start()
        (folder / "power1_input").unlink()
        with pytest.raises(EnergyError) as gone:
            meter.stop()
    assert gone.value.fault is EnergyFault.SILENT


def test_microwatts_are_whole_numbers(tmp_path):
    (tmp_path / "power1_input").write_text("2.5\n")
    with pytest.raises(EnergyError, match="where microwatts are expected"):
        microwatts(tmp_path / "power1_input")
