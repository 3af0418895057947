import pytest

from ble_gateway.errors import GatewayError
from ble_gateway.simulator.smp.memory import FolderMemory
from tests.ble_gateway.simulator.smp.asking import pack_of, patch


def test_what_was_kept_is_there_after_the_simulator_was_killed(tmp_path):
    FolderMemory(tmp_path / "flash")["pack0"] = b"kept"
    assert dict(FolderMemory(tmp_path / "flash")) == {"pack0": b"kept"}


def test_a_write_that_was_cut_leaves_what_was_there_before(tmp_path):
    memory = FolderMemory(tmp_path)
    memory["pack0"] = b"whole"
    (tmp_path / "pack0.partial").write_bytes(b"ha")
    assert dict(FolderMemory(tmp_path)) == {"pack0": b"whole"}
    assert len(memory) == 1


def test_a_folder_behaves_as_a_dict_does(tmp_path):
    memory = FolderMemory(tmp_path)
    assert memory.get("pack0") is None
    assert memory.setdefault("pack0", b"a") == b"a"
    del memory["pack0"]
    with pytest.raises(KeyError):
        memory["pack0"]
    with pytest.raises(KeyError):
        del memory["pack0"]


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(GatewayError, match=r"cannot keep its flash in .*file.*choose another folder"):
        FolderMemory(tmp_path / "file")


def test_a_folder_that_is_taken_away_is_one_clear_line(tmp_path):
    memory = FolderMemory(tmp_path / "flash")
    (tmp_path / "flash").rmdir()
    with pytest.raises(GatewayError, match="choose another folder"):
        memory["pack0"] = b"kept"


def test_a_confirmed_pack_runs_after_the_simulator_was_killed(tmp_path):
    pack = pack_of()
    before = patch(memory=FolderMemory(tmp_path))
    before.run_on_trial(pack)
    before.confirm(pack)
    assert patch(memory=FolderMemory(tmp_path)).device.running_file() == pack
