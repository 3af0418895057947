"""Meters on wires of this machine: an INA over I2C, an RDTech meter over a serial port."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from benchmarks.bench.energy.energy import Accuracy
from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.ina import BUS_VOLTAGE, FACTS, POWER, Calibration
from benchmarks.bench.energy.sampling import SamplingMeter
from benchmarks.bench.energy.um import BAUD, REPLY_BYTES, REQUEST, Model, Reply, reply_of

_UM_PERIOD_S: Final = 0.5
"""The meters renew their figures twice a second, as their makers say."""
_UM_TRIES: Final = 3


class Registers(Protocol):
    """A chip on I2C with registers of two bytes."""

    def read(self, register: int) -> bytes:
        """Return a register's two bytes."""
        ...

    def write(self, register: int, value: bytes) -> None:
        """Set a register."""
        ...

    def close(self) -> None:
        """Let go of the bus."""
        ...


class I2cRegisters:
    """A chip behind one of the kernel's I2C buses.

    Parameters
    ----------
    device
        ``/dev/i2c-1`` on a Raspberry Pi's pins 3 and 5.
    address
        Of the chip, seven bits.

    Raises
    ------
    EnergyError
        If smbus2 is not installed, or the bus cannot be opened.
    """

    def __init__(self, device: str, address: int) -> None:
        try:
            from smbus2 import SMBus, i2c_msg  # noqa: PLC0415 - only for those who measure so
        except ImportError as error:
            raise EnergyError(
                EnergyFault.NEEDS_EXTRA, "I2C needs smbus2", advice="pip install 'anyecg-edge[energy]'"
            ) from error
        self._message: Any = i2c_msg
        self._address = address
        self._device = device
        self._bus = self._asked(lambda: SMBus(device))

    def read(self, register: int) -> bytes:
        """Return a register's two bytes, in the order they come."""
        answer = self._message.read(self._address, 2)
        self._asked(lambda: self._bus.i2c_rdwr(self._message.write(self._address, [register]), answer))
        return bytes(answer)

    def write(self, register: int, value: bytes) -> None:
        """Set a register."""
        self._asked(lambda: self._bus.i2c_rdwr(self._message.write(self._address, [register, *value])))

    def close(self) -> None:
        """Close the bus."""
        self._bus.close()

    def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except PermissionError as error:
            raise EnergyError(
                EnergyFault.NOT_ALLOWED, f"{self._device} may not be used", advice="join its group: adduser $USER i2c"
            ) from error
        except OSError as error:
            raise EnergyError(
                EnergyFault.SILENT,
                f"nothing answers at {self._address:#04x} on {self._device} ({error.strerror or error})",
                advice="switch I2C on (raspi-config), check the wires, and look: i2cdetect -y 1",
            ) from error


def ina_meter(registers: Registers, calibration: Calibration, where: str) -> SamplingMeter:
    """Set up an INA219 or INA226 and open it.

    Not tried on hardware: the bytes are tested against the data sheets' examples and a simulated chip.

    Parameters
    ----------
    registers
        The chip; closed with the meter, and if this fails.
    calibration
        What it is, and its shunt.
    where
        For people.

    Raises
    ------
    EnergyError
        If it does not answer, or is another chip.
    """
    try:
        for register, value in calibration.writes():
            registers.write(register, value)
            calibration.check(register, registers.read(register))
    except EnergyError:
        registers.close()
        raise
    facts = FACTS[calibration.chip]
    return SamplingMeter(
        lambda: calibration.watts(registers.read(POWER), registers.read(BUS_VOLTAGE)),
        period_s=facts.period_s,
        accuracy=Accuracy(calibration.watts_step, facts.share),
        source=f"{calibration.chip} at {where}, shunt of {calibration.shunt_ohms:g} ohms",
        let_go=registers.close,
    )


def um_meter(port: str, patience_s: float = 2.0) -> SamplingMeter:
    """Open an RDTech UM24C, UM25C or UM34C on a serial port.

    ``sudo rfcomm bind 0 00:90:72:..`` makes ``/dev/rfcomm0`` of one that is paired; its PIN is 1234. Not tried on
    hardware: tested against bytes written down from the public layout, and a simulated meter on a pseudo-terminal.

    Parameters
    ----------
    port
        Of the serial line.
    patience_s
        How long to wait for an answer.

    Raises
    ------
    EnergyError
        If pyserial is not installed, or no such meter answers.
    """
    line = _serial(port, patience_s)
    try:
        first = _ask(line, port)
    except EnergyError:
        line.close()
        raise
    return SamplingMeter(
        lambda: _ask(line, port).watts,
        period_s=_UM_PERIOD_S,
        accuracy=Accuracy(_step_w(first), first.model.share),
        source=f"{first.model.name} on {port}",
        let_go=line.close,
    )


def _step_w(reply: Reply) -> float:
    """What a step of the current is worth at the meter's voltage; the figure of power has steps of 1 mW besides."""
    model: Model = reply.model
    return max(1e-3, model.amps_step * reply.volts)


def _serial(port: str, patience_s: float) -> Any:
    try:
        import serial  # noqa: PLC0415 - only for those who measure so
    except ImportError as error:
        raise EnergyError(
            EnergyFault.NEEDS_EXTRA, "a serial port needs pyserial", advice="pip install 'anyecg-edge[energy]'"
        ) from error
    try:
        return serial.Serial(port, BAUD, timeout=patience_s, write_timeout=patience_s)
    except serial.SerialException as error:
        raise EnergyError(
            EnergyFault.SILENT,
            f"{port} cannot be opened ({error})",
            advice="pair the meter (PIN 1234) and bind it: sudo rfcomm bind 0 ADDRESS",
        ) from error


def _ask(line: Any, port: str) -> Reply:
    """Ask once; a reply that was cut is asked for again."""
    for tries_left in reversed(range(_UM_TRIES)):
        try:
            line.reset_input_buffer()
            line.write(REQUEST)
            return reply_of(line.read(REPLY_BYTES))
        except EnergyError:
            if not tries_left:
                raise
        except OSError as error:
            raise EnergyError(
                EnergyFault.SILENT, f"the meter on {port} is gone ({error})", advice="bring it nearer, and bind it anew"
            ) from error
    raise AssertionError("unreachable")
