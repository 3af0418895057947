"""MCUmgr's os group: echo, parameters, bootloader and reset."""

from collections.abc import Callable, Iterator
from typing import Final

from smp import message
from smp import os_management as os_group
from smp.header import GroupId

from ble_gateway.simulator.smp.server import Command, Refusal, Reply

BUFFERS: Final = 4
"""How many frames Zephyr keeps by default (CONFIG_MCUMGR_TRANSPORT_NETBUF_COUNT)."""


class System:
    """The os group.

    Parameters
    ----------
    buffer_bytes
        The largest frame the server takes.
    reset
        Called where a reset is asked for; it happens after the answer.
    """

    def __init__(self, buffer_bytes: int, reset: Callable[[], None]) -> None:
        self._buffer_bytes = buffer_bytes
        self._reset = reset

    def commands(self) -> Iterator[Command]:
        """What it obeys."""
        yield Command(os_group.EchoWriteRequest, lambda request: os_group.EchoWriteResponse(r=request.d))
        yield Command(os_group.MCUMgrParametersReadRequest, self._parameters)
        yield Command(os_group.BootloaderInformationReadRequest, _bootloader)
        yield Command(os_group.OSApplicationInfoReadRequest, _application)
        yield Command(os_group.ResetWriteRequest, self._obey_reset)

    def _parameters(self, _: os_group.MCUMgrParametersReadRequest) -> Reply:
        return os_group.MCUMgrParametersReadResponse(buf_size=self._buffer_bytes, buf_count=BUFFERS)

    def _obey_reset(self, _: os_group.ResetWriteRequest) -> Reply:
        self._reset()
        return os_group.ResetWriteResponse()


def _bootloader(request: os_group.BootloaderInformationReadRequest) -> Reply:
    match request.query:
        case None:
            return os_group.BootloaderInformationReadResponse(bootloader="MCUboot")
        case "mode":
            mode = os_group.MCUbootMode.SWAP_WITHOUT_SCRATCH
            return _BootloaderMode(mode=int(mode))
    return Refusal(os_group.OS_MGMT_RET_RC.QUERY_YIELDS_NO_ANSWER, GroupId.OS_MANAGEMENT)


class _BootloaderMode(message.ReadResponse):
    """What MCUboot answers to the query "mode"; the library's own class of it does not match its wire format."""

    _GROUP_ID = GroupId.OS_MANAGEMENT
    _COMMAND_ID = os_group.BootloaderInformationReadRequest._COMMAND_ID  # noqa: SLF001 - the library's own name

    mode: int


def _application(request: os_group.OSApplicationInfoReadRequest) -> Reply:
    says = {"s": "Zephyr", "n": "anyecg-patch", "v": "SIMULATION", "o": "Zephyr"}
    asked = request.format or "s"
    wanted = "".join(says) if "a" in asked else asked
    if not set(wanted) <= set(says):
        return Refusal(os_group.OS_MGMT_RET_RC.INVALID_FORMAT, GroupId.OS_MANAGEMENT)
    return os_group.OSApplicationInfoReadResponse(output=" ".join(said for key, said in says.items() if key in wanted))
