"""The ways of Zephyr's file-system group, as they were observed of Zephyr 4.4 with littlefs."""

import zlib

import cbor2
import pytest
from pydantic import ValidationError
from smp import file_management as fs
from smp.error import MGMT_ERR
from smp.file_management import FS_MGMT_ERR
from smp.file_management import FileSystemManagementErrorV1 as ErrorV1
from smp.file_management import FileSystemManagementErrorV2 as ErrorV2

from ble_gateway.simulator.smp.files import IDLE_CLOSE_S
from tests.ble_gateway.simulator.smp.asking import pack_of, patch, sha

DATA = bytes(range(256)) * 20
PATH = "/packs/0"


def length(asked, path=PATH) -> int:
    return asked.ask(fs.FileStatusRequest(name=path), fs.FileStatusResponse).len


def begun(data=DATA[:3000]):
    """A patch with an upload that is open."""
    asked = patch()
    asked.ask(fs.FileUploadRequest(off=0, data=data[:1500], name=PATH, len=len(DATA)), fs.FileUploadResponse)
    asked.ask(fs.FileUploadRequest(off=1500, data=data[1500:], name=PATH), fs.FileUploadResponse)
    return asked


def test_what_was_uploaded_is_downloaded_and_hashed():
    asked = patch()
    asked.upload(DATA)
    got = b""
    while len(got) < len(DATA):
        chunk = asked.ask(fs.FileDownloadRequest(off=len(got), name=PATH), fs.FileDownloadResponse)
        assert chunk.len == (None if got else len(DATA))
        got += chunk.data
    assert got == DATA
    assert asked.ask(fs.FileHashChecksumRequest(name=PATH), fs.FileHashChecksumResponse).output == sha(DATA)
    part = fs.FileHashChecksumRequest(name=PATH, type="crc32", off=10, len=100)
    assert asked.ask(part, fs.FileHashChecksumResponse).output == zlib.crc32(DATA[10:110])


def test_the_status_is_0_while_the_upload_is_open_and_tells_the_length_once_it_is_closed():
    asked = begun()
    assert length(asked) == 0
    asked.ask(fs.FileCloseRequest(), fs.FileCloseResponse)
    assert length(asked) == 3000


def test_an_upload_goes_on_where_it_was_closed():
    asked = begun()
    asked.ask(fs.FileCloseRequest(), fs.FileCloseResponse)
    asked.upload(DATA, begin=3000)
    asked.ask(fs.FileCloseRequest(), fs.FileCloseResponse)
    assert asked.ask(fs.FileHashChecksumRequest(name=PATH), fs.FileHashChecksumResponse).output == sha(DATA)


def test_an_upload_that_rests_for_a_second_is_closed():
    asked = begun()
    asked.now_s += IDLE_CLOSE_S / 2
    assert length(asked) == 0
    asked.now_s += IDLE_CLOSE_S / 2
    assert length(asked) == 3000


def test_a_reset_loses_what_was_not_closed():
    asked = begun()
    asked.device.reset()
    assert length(asked) == 0


def test_a_wrong_offset_is_refused_with_the_length_beside_the_error_which_the_library_cannot_read():
    asked = begun()
    answer = asked.react(fs.FileUploadRequest(off=4000, data=b"x", name=PATH)).answer
    assert cbor2.loads(answer[8:]) == {"err": {"group": 8, "rc": 11}, "len": 3000}
    for kind in (fs.FileUploadResponse, ErrorV1, ErrorV2):
        with pytest.raises(ValidationError):
            kind.loads(answer)


def test_an_upload_begins_with_the_length_of_the_file():
    request = fs.FileUploadRequest(off=0, data=b"x", name=PATH)
    assert patch().refused(request, ErrorV1) == MGMT_ERR.EINVAL


def test_a_file_that_is_larger_than_its_slot_finds_no_space():
    asked = patch(slot_bytes=2000)
    asked.ask(fs.FileUploadRequest(off=0, data=DATA[:1500], name=PATH, len=len(DATA)), fs.FileUploadResponse)
    beyond = fs.FileUploadRequest(off=1500, data=DATA[1500:2001], name=PATH)
    assert asked.refused(beyond, ErrorV2) == FS_MGMT_ERR.FILE_WRITE_FAILED


def test_a_new_upload_takes_the_place_of_the_old_file():
    asked = patch()
    asked.upload(DATA)
    asked.upload(DATA[:100])
    assert length(asked) == 100


def test_an_upload_to_another_slot_closes_the_one_that_is_open():
    asked = begun()
    asked.upload(DATA, "/packs/1")
    assert (length(asked), length(asked, "/packs/1")) == (3000, len(DATA))


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (fs.FileUploadRequest(off=0, data=b"x", name="/lfs/other", len=1), FS_MGMT_ERR.FILE_INVALID_NAME),
        (fs.FileDownloadRequest(off=0, name="/packs/7"), FS_MGMT_ERR.FILE_NOT_FOUND),
        (fs.FileStatusRequest(name="/packs/1"), FS_MGMT_ERR.FILE_NOT_FOUND),
        (fs.FileHashChecksumRequest(name="/packs/1"), FS_MGMT_ERR.FILE_NOT_FOUND),
        (fs.FileDownloadRequest(off=6000, name=PATH), FS_MGMT_ERR.FILE_OFFSET_LARGER_THAN_FILE),
        (fs.FileHashChecksumRequest(name=PATH, off=6000), FS_MGMT_ERR.FILE_OFFSET_LARGER_THAN_FILE),
    ],
    ids=lambda value: str(getattr(value, "name", value)),
)
def test_what_is_not_there_is_refused_by_its_own_number(request_, error):
    asked = patch()
    asked.upload(DATA)
    assert asked.refused(request_, ErrorV2) == error


def test_nothing_has_no_hash():
    asked = begun()
    assert asked.refused(fs.FileHashChecksumRequest(name=PATH), ErrorV2) == FS_MGMT_ERR.FILE_EMPTY


def test_the_hashes_it_knows_are_listed():
    types = patch().ask(fs.SupportedFileHashChecksumTypesRequest(), fs.SupportedFileHashChecksumTypesResponse).types
    assert {name: (int(kind.format), kind.size) for name, kind in types.items()} == {"crc32": (0, 4), "sha256": (1, 32)}


@pytest.mark.parametrize("confirms", [False, True])
def test_the_slot_that_is_in_use_is_not_written(confirms):
    asked, pack = patch(), pack_of()
    asked.run_on_trial(pack)
    if confirms:
        asked.confirm(pack)
    for request in (
        fs.FileUploadRequest(off=0, data=b"x", name=PATH, len=1),
        fs.FileUploadRequest(off=len(pack), data=b"x", name=PATH),
    ):
        assert asked.refused(request, ErrorV1) == MGMT_ERR.EACCESSDENIED
    assert asked.device.running_file() == pack
