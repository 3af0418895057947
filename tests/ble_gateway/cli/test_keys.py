import stat

import pytest

from benchmarks.flash.bench import pack_bytes
from edge.signature import SignedBy, check
from tests.edge.cli.command import called, is_one_clear_line, last_object


@pytest.fixture
def pair(tmp_path):
    done = called("keys", "new", "lab", "--json", cwd=tmp_path)
    assert done.returncode == 0
    return tmp_path / "lab.key", tmp_path / "lab.pub", last_object(done)["key"]


@pytest.fixture
def pack(tmp_path):
    path = tmp_path / "heart.tflite"
    path.write_bytes(pack_bytes())
    return path


def test_a_new_pair_is_told_by_its_names_and_the_secret_is_not_shown(tmp_path):
    done = called("keys", "new", "lab", cwd=tmp_path)
    assert done.returncode == 0
    secret = (tmp_path / "lab.key").read_text().splitlines()[1]
    assert secret not in done.stdout + done.stderr
    assert stat.S_IMODE((tmp_path / "lab.key").stat().st_mode) == 0o600
    assert is_one_clear_line(called("keys", "new", "lab", cwd=tmp_path))


def test_a_pack_is_signed_in_place_and_checked(pair, pack):
    private, public, key = pair
    done = called("keys", "sign", pack, "--key", private)
    assert (done.returncode, key in done.stdout) == (0, True)
    assert check(pack.read_bytes()).fingerprint == key
    checked = called("keys", "check", pack, "--key", public)
    assert (checked.returncode, key in checked.stdout) == (0, True)
    assert last_object(called("keys", "check", pack, "--key", public, "--json")) == {
        "file": str(pack), "signed": True, "key": key,
    }  # fmt: skip


def test_a_pack_is_signed_into_another_file(pair, pack, tmp_path):
    before = pack.read_bytes()
    signed = tmp_path / "signed.tflite"
    told = last_object(called("keys", "sign", pack, "--key", pair[0], "-o", signed, "--json"))
    assert pack.read_bytes() == before
    assert isinstance(check(signed.read_bytes()), SignedBy)
    assert told == {"file": str(signed), "key": pair[2], "size_bytes": len(signed.read_bytes())}


def test_what_is_not_signed_by_the_key_is_not_trusted(pair, pack, tmp_path):
    private, public, _ = pair
    assert is_one_clear_line(called("keys", "check", pack, "--key", public))
    called("keys", "new", "other", cwd=tmp_path)
    called("keys", "sign", pack, "--key", tmp_path / "other.key")
    assert "another key signed it" in called("keys", "check", pack, "--key", public).stderr
    called("keys", "sign", pack, "--key", private)
    data = pack.read_bytes()
    pack.write_bytes(data[:-330] + bytes([data[-330] ^ 1]) + data[-329:])
    told = called("keys", "check", pack, "--key", public, "--json")
    assert (told.returncode, last_object(told)["signed"]) == (1, False)


def test_bad_input_is_one_clear_line(pair, pack, tmp_path):
    private, public, _ = pair
    nothing = tmp_path / "nothing"
    (tmp_path / "text").write_text("no pack")
    private.with_name("open.key").write_bytes(private.read_bytes())
    private.with_name("open.key").chmod(0o644)
    for arguments in (
        ("sign", nothing, "--key", private),
        ("sign", tmp_path / "text", "--key", private),
        ("sign", pack, "--key", nothing),
        ("sign", pack, "--key", public),
        ("sign", pack, "--key", private.with_name("open.key")),
        ("sign", pack, "--key", private, "-o", tmp_path / "no" / "folder"),
        ("check", nothing, "--key", public),
        ("check", pack, "--key", pack),
        ("new", tmp_path / "no" / "folder" / "lab"),
    ):
        assert is_one_clear_line(called("keys", *arguments)), arguments
