"""A virtual adapter where the kernel lets no program be one."""

from pathlib import Path

import pytest

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.simulator.air import Air, open_place


@pytest.mark.skipif(Path("/dev/vhci").exists(), reason="this kernel lets programs be adapters")
async def test_without_the_kernels_driver_it_is_refused_with_what_to_do():
    with pytest.raises(GatewayError, match="modprobe hci_vhci") as refused:
        async with open_place(Air(), "vhci"):
            pass
    assert refused.value.fault is GatewayFault.BAD_REQUEST
