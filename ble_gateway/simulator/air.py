"""The simulated radio: controllers in software on one link, for this process, for others over TCP, or for Linux."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from bumble import hci
from bumble.controller import Controller
from bumble.core import PhysicalTransport
from bumble.device import Device
from bumble.link import LocalLink
from bumble.transport import open_transport
from bumble.transport.common import StreamPacketSink, StreamPacketSource

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.radio import Radio
from ble_gateway.simulator.bleak_backend import backends
from ble_gateway.simulator.linux_host import VHCI_DEVICE, LinuxHost

_GATEWAY_ADDRESS: Final = hci.Address("F0:5E:ED:00:00:FF")
_SCHEME: Final = "tcp:"
_PORTS: Final = range(1 << 16)
_VHCI: Final = "vhci"
"""The place that is a Bluetooth adapter of this Linux machine."""
_ADAPTER_ADDRESS: Final = hci.Address("02:5E:ED:00:00:FE", hci.AddressType.PUBLIC_DEVICE)
_NOT_IMITATED: Final = hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
"""What bumble's controller claims; Linux uses it, and then does not reconnect."""


class Air:
    """What all simulated controllers of this process share."""

    def __init__(self) -> None:
        self._link = _Link()
        self._n_controllers = 0

    def controller(self) -> Controller:
        """Put a new controller on the air."""
        self._n_controllers += 1
        return Controller(f"controller {self._n_controllers}", link=self._link)

    async def radio(self) -> Radio:
        """Make a radio for a gateway in this process."""
        controller = self.controller()
        return await _radio("simulated radio", Device.with_hci("gateway", _GATEWAY_ADDRESS, controller, controller))

    @contextlib.asynccontextmanager
    async def served(self, host: str, port: int) -> AsyncIterator[int]:
        """Let gateways of other processes onto the air; yields the port (`port` 0: any that is free).

        Raises
        ------
        GatewayError
            ``BAD_REQUEST`` if the port cannot be had.
        """
        try:
            server = await asyncio.get_running_loop().create_server(lambda: _Antenna(self._link), host, port)
        except OSError as error:
            raise GatewayError(
                GatewayFault.BAD_REQUEST,
                f"nothing can be served on {host}:{port} ({error.strerror or error})",
                advice="choose another port; 0 takes any that is free",
            ) from error
        async with server:
            yield server.sockets[0].getsockname()[1]

    @contextlib.asynccontextmanager
    async def adapter(self) -> AsyncIterator[None]:
        """Be a Bluetooth adapter of this Linux machine: its own Bluetooth service finds what is on the air.

        Raises
        ------
        GatewayError
            ``BAD_REQUEST`` if its kernel lets no program be one.
        """
        try:
            host = LinuxHost.open()
        except OSError as error:
            raise GatewayError(
                GatewayFault.BAD_REQUEST,
                f"no virtual Bluetooth adapter can be made ({error.strerror or error}: {VHCI_DEVICE})",
                advice="load Linux's driver (sudo modprobe hci_vhci) and run this as root, or serve tcp:HOST:PORT",
            ) from error
        with contextlib.closing(host):
            controller = Controller(
                "adapter", host_source=host.source, host_sink=host, link=self._link, public_address=_ADAPTER_ADDRESS
            )
            controller.le_features &= ~_NOT_IMITATED
            yield


@contextlib.asynccontextmanager
async def open_place(air: Air, spec: str) -> AsyncIterator[str]:
    """Let gateways of other processes onto the air at `spec`; yields how to listen, for people.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` for another `spec`, or if the place cannot be had.
    """
    if spec == _VHCI:
        async with air.adapter():
            yield "Listen with: anyecg run"
        return
    host, port = read_place(spec)
    async with air.served(host, port) as served_port:
        yield f"Listen with: anyecg run --radio tcp:{host}:{served_port}"


class _Link(LocalLink):  # type: ignore[misc]  # bumble is not typed
    """A link on which a sender goes by its connection's address; bumble's own takes one that Linux keeps changing."""

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection and receiver:
            asyncio.get_running_loop().call_soon(receiver.on_link_acl_data, connection.self_address, transport, data)


class _Antenna(asyncio.Protocol):
    """One gateway of another process: it gets a controller of its own, gone from the air when it is gone."""

    def __init__(self, link: LocalLink) -> None:
        self._link = link
        self._source = StreamPacketSource()
        self._controller: Controller | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._controller = Controller(
            "served", host_source=self._source, host_sink=StreamPacketSink(transport), link=self._link
        )

    def data_received(self, data: bytes) -> None:
        self._source.data_received(data)

    def connection_lost(self, _: Exception | None) -> None:
        if self._controller is None:
            return
        for connection in list(self._controller.le_connections.values()):
            self._controller.on_hci_disconnect_command(
                hci.HCI_Disconnect_Command(connection_handle=connection.handle, reason=0x08)
            )
        self._link.remove_controller(self._controller)


def read_place(spec: str) -> tuple[str, int]:
    """Read ``tcp:HOST:PORT``.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` if it is anything else.
    """
    host, _, port = spec.removeprefix(_SCHEME).rpartition(":")
    if not (spec.startswith(_SCHEME) and host and port.isdecimal() and int(port) in _PORTS):
        raise GatewayError(
            GatewayFault.BAD_REQUEST,
            f"{spec!r} is no place of a simulated radio",
            advice="write --radio tcp:HOST:PORT, for example tcp:127.0.0.1:9800",
        )
    return host, int(port)


@contextlib.asynccontextmanager
async def radio_at(spec: str) -> AsyncIterator[Radio]:
    """Open the simulated radio that another process serves at `spec`, ``tcp:HOST:PORT``.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` for another `spec`; ``NO_ADAPTER`` if none is served there.
    """
    host, port = read_place(spec)
    try:
        transport = await open_transport(f"tcp-client:{host}:{port}")
    except OSError as error:
        raise GatewayError(
            GatewayFault.NO_ADAPTER,
            f"no simulated radio answers at {host}:{port} ({error.strerror or error})",
            advice=f"start one: anyecg simulate --radio {spec}",
        ) from error
    async with transport:
        device = Device.with_hci("gateway", _GATEWAY_ADDRESS, transport.source, transport.sink)
        yield await _radio(f"simulated radio at {host}:{port}", device)


async def _radio(name: str, device: Device) -> Radio:
    await device.power_on()
    client, scanner = backends(device)
    return Radio(name, client, scanner)
