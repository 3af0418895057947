"""Linux as the host of a virtual Bluetooth adapter: HCI packets through the kernel's ``hci_vhci``."""

import asyncio
import contextlib
import errno
import os
from typing import Final, Self

from bumble.transport.common import StreamPacketSource

VHCI_DEVICE: Final = "/dev/vhci"
_VENDOR_PACKET, _PRIMARY_CONTROLLER = 0xFF, 0x00
_LONGEST_PACKET_BYTES: Final = 1 << 16


class LinuxHost:
    """The kernel, as bumble's controller sees a host: a source of packets, and a sink.

    Parameters
    ----------
    device
        The opened device, non-blocking: an adapter as long as it is open (``drivers/bluetooth/hci_vhci.c``).
    """

    def __init__(self, device: int) -> None:
        self.source = StreamPacketSource()
        self._device = device
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(device, self._read)

    @classmethod
    def open(cls) -> Self:
        """Make an adapter.

        Raises
        ------
        OSError
            If the kernel lets no program be one.
        """
        device = os.open(VHCI_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.write(device, bytes([_VENDOR_PACKET, _PRIMARY_CONTROLLER]))
        except OSError:
            os.close(device)
            raise
        return cls(device)

    def on_packet(self, packet: bytes) -> None:
        """Hand a packet to the kernel; one that comes while it has the adapter switched off is lost."""
        try:
            os.write(self._device, packet)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise

    def close(self) -> None:
        """Pull the adapter out."""
        self._loop.remove_reader(self._device)
        os.close(self._device)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            packet = os.read(self._device, _LONGEST_PACKET_BYTES)
            if packet and packet[0] != _VENDOR_PACKET:
                self.source.parser.feed_data(packet)
