import shutil

import pytest
from smp.error import MGMT_ERR
from smp.file_management import FileSystemManagementErrorV1, FileUploadRequest, FileUploadResponse

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


def test_flash_memory_that_takes_nothing_any_more_is_an_error_and_what_ran_runs(tmp_path):
    asked, pack = patch(memory=FolderMemory(tmp_path / "flash"), factory=b"factory"), pack_of()
    shutil.rmtree(tmp_path / "flash")
    request = FileUploadRequest(off=0, data=pack[:100], name="/packs/0", len=len(pack))
    assert asked.refused(request, FileSystemManagementErrorV1) == MGMT_ERR.EUNKNOWN
    assert "cannot keep its flash" in asked.device.packs.why
    assert asked.device.running_file() == b"factory"


def test_an_upload_that_cannot_be_kept_once_it_rests_is_told(tmp_path):
    asked, pack = patch(memory=FolderMemory(tmp_path / "flash")), pack_of()
    request = FileUploadRequest(off=0, data=pack[:100], name="/packs/0", len=len(pack))
    asked.ask(request, FileUploadResponse)
    shutil.rmtree(tmp_path / "flash")
    asked.device.rest(5.0)
    assert "cannot keep its flash" in asked.device.packs.why


def test_a_confirmed_pack_runs_after_the_simulator_was_killed(tmp_path):
    pack = pack_of()
    before = patch(memory=FolderMemory(tmp_path))
    before.run_on_trial(pack)
    before.confirm(pack)
    assert patch(memory=FolderMemory(tmp_path)).device.running_file() == pack
