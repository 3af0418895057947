from pathlib import Path

import pytest

from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.opening import open_meter
from benchmarks.bench.energy.pmic import has_pmic, rails_w

IDLE = """\
3V7_WL_SW_A current(0)=0.04782057A
3V3_SYS_A current(1)=0.04684464A
1V8_SYS_A current(2)=0.17078780A
DDR_VDD2_A current(3)=0.02049453A
DDR_VDDQ_A current(4)=0.00000000A
1V1_SYS_A current(5)=0.18933040A
0V8_SW_A current(6)=0.32888840A
VDD_CORE_A current(7)=0.92871990A
3V3_DAC_A current(17)=0.00054945A
3V3_ADC_A current(18)=0.00018315A
0V8_AON_A current(16)=0.00586080A
HDMI_A current(22)=0.01636140A
3V7_WL_SW_V volt(8)=3.70534400V
3V3_SYS_V volt(9)=3.31467300V
1V8_SYS_V volt(10)=1.80903400V
DDR_VDD2_V volt(11)=1.10292900V
DDR_VDDQ_V volt(12)=0.61575030V
1V1_SYS_V volt(13)=1.10512700V
0V8_SW_V volt(14)=0.80292960V
VDD_CORE_V volt(15)=0.72097620V
3V3_DAC_V volt(20)=3.30952000V
3V3_ADC_V volt(21)=3.30952000V
0V8_AON_V volt(19)=0.79765500V
HDMI_V volt(23)=5.16034000V
EXT5V_V volt(24)=5.17105900V
BATT_V volt(25)=0.00598290V
"""
"""Published of an idle Raspberry Pi 5: gist.github.com/cleverca22/95d2cb2f4e1f59be2bd94f0e1d446cc9."""


def a_pi_that_says(folder: Path, monkeypatch: pytest.MonkeyPatch, said: str, status: int = 0) -> None:
    """Put a program before all others that says what the firmware's would."""
    program = folder / "vcgencmd"
    program.write_text(f"#!/bin/sh\n[ \"$*\" = pmic_read_adc ] || exit 2\ncat <<'END'\n{said}END\nexit {status}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_power_is_each_rails_current_times_its_voltage():
    rails = rails_w(IDLE)
    assert rails["VDD_CORE"] == pytest.approx(0.9287199 * 0.7209762)
    assert "EXT5V" not in rails
    assert (len(rails), sum(rails.values())) == (12, pytest.approx(1.898, abs=1e-3))


def test_the_power_chip_is_asked_and_integrated(tmp_path, monkeypatch):
    a_pi_that_says(tmp_path, monkeypatch, IDLE)
    assert has_pmic()
    with open_meter("pmic") as meter:
        assert "12 rails" in meter.source
        meter.start()
        assert meter.stop().watts == pytest.approx(1.898, abs=1e-3)


def test_auto_takes_the_power_chip_where_the_kernel_has_no_ina(tmp_path, monkeypatch):
    a_pi_that_says(tmp_path, monkeypatch, IDLE)
    with open_meter("auto", powercap=tmp_path, hwmon=tmp_path) as meter:
        assert meter.source.startswith("the Pi 5's power chip")


def test_an_older_pi_says_that_it_has_none(tmp_path, monkeypatch):
    a_pi_that_says(tmp_path, monkeypatch, 'error=1 error_msg="Command not registered"\n', status=255)
    assert not has_pmic()
    with pytest.raises(EnergyError, match="Command not registered") as refused:
        open_meter("pmic")
    assert refused.value.fault is EnergyFault.NO_METER


def test_another_machine_has_no_such_command(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not has_pmic()
    with pytest.raises(EnergyError, match="vcgencmd is not installed") as refused:
        open_meter("pmic")
    assert refused.value.fault is EnergyFault.NO_METER
