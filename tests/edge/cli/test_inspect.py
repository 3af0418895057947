from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.pack import SHIPPED_WAVES, read_any_pack, write_pack
from edge.signature import fingerprint, sign
from tests.edge.cli.command import anyecg, called, is_one_clear_line, last_object


def test_a_pack_is_shown_with_what_it_is_for(small_pack_path):
    done = called("inspect", small_pack_path)
    assert done.returncode == 0
    assert "untrained 0.0.1 DEMONSTRATION" in done.stdout
    assert "Not a medical device" in done.stdout


def test_for_machines_the_pack_is_one_object(small_pack_path, small_pack):
    said = last_object(called("inspect", small_pack_path, "--json"))
    assert (said["manifest"], said["size_bytes"], set(said["self_test"].values())) == (
        small_pack.manifest.model_dump(mode="json"),
        small_pack_path.stat().st_size,
        {"passed"},
    )


def test_a_pack_whose_self_test_fails_is_shown_and_ends_with_1(small_pack, tmp_path):
    outputs = {family: y ^ 1 for family, y in small_pack.self_test.outputs.items()}
    write_pack(tmp_path / "a.tflite", replace(small_pack, self_test=replace(small_pack.self_test, outputs=outputs)))
    done = called("inspect", tmp_path / "a.tflite", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    assert all("self-test of untrained" in why for why in last_object(done)["self_test"].values())


@pytest.mark.parametrize("keep", [0, 3, 10_000, -1])
def test_a_damaged_pack_is_one_clear_line(small_pack_path, tmp_path, keep):
    (tmp_path / "a.tflite").write_bytes(small_pack_path.read_bytes()[:keep])
    assert is_one_clear_line(called("inspect", tmp_path / "a.tflite"))


def test_a_pack_that_is_not_there_is_one_clear_line(tmp_path):
    assert is_one_clear_line(anyecg("inspect", tmp_path / "absent.tflite"))


def test_a_measured_output_and_a_control_are_shown_as_such(small_pack, tmp_path):
    rows = list(small_pack.manifest.outputs)
    rows[0] = rows[0].model_copy(update={"auroc_pooled": 0.8125})
    rows[1] = rows[1].model_copy(update={"control": True})
    manifest = small_pack.manifest.model_copy(update={"outputs": tuple(rows)})
    write_pack(tmp_path / "a.tflite", replace(small_pack, manifest=manifest))
    shown = called("inspect", tmp_path / "a.tflite").stdout
    assert ("0.812" in shown, "negative control" in shown) == (True, True)


def test_what_was_lost_and_accepted_is_shown(small_pack, tmp_path):
    rows = list(small_pack.manifest.outputs)
    rows[1] = rows[1].model_copy(update={"accepted_loss": "Spearman 0.91"})
    manifest = small_pack.manifest.model_copy(update={"outputs": tuple(rows)})
    write_pack(tmp_path / "a.tflite", replace(small_pack, manifest=manifest))
    shown = called("inspect", tmp_path / "a.tflite").stdout
    assert [line.split() for line in shown.splitlines() if line.startswith("lost of")] == [
        ["lost", "of", *rows[1].name.split(), "Spearman", "0.91"]
    ]


def test_for_people_a_failed_self_test_is_in_the_table(small_pack, tmp_path):
    outputs = {family: y ^ 1 for family, y in small_pack.self_test.outputs.items()}
    write_pack(tmp_path / "a.tflite", replace(small_pack, self_test=replace(small_pack.self_test, outputs=outputs)))
    done = called("inspect", tmp_path / "a.tflite")
    assert (done.returncode, "does not give the outputs it gave" in " ".join(done.stdout.split())) == (1, True)


def test_a_waves_pack_is_shown_with_what_it_was_measured_to_do():
    done = called("inspect", SHIPPED_WAVES)
    assert done.returncode == 0
    assert "Measured" in done.stdout
    assert "cross-validated by" in done.stdout


def test_for_machines_a_waves_pack_carries_its_figures():
    figures = last_object(called("inspect", SHIPPED_WAVES, "--json"))["manifest"]["figures"]
    assert 0.99 < figures["beats"]["se"] <= 1.0
    assert figures.keys() == {"beats", "waves", "intervals", "quality", "rhythm"}


def test_who_signed_a_pack_is_shown(small_pack_path, tmp_path):
    key = Ed25519PrivateKey.generate()
    data = sign(small_pack_path.read_bytes(), key)
    name = fingerprint(key.public_key().public_bytes_raw())
    (tmp_path / "signed.tflite").write_bytes(data)
    (tmp_path / "altered.tflite").write_bytes(data.replace(b"ed25519 ", b"ed25518 "))
    assert last_object(called("inspect", small_pack_path, "--json"))["signature"] == "none"
    assert last_object(called("inspect", tmp_path / "signed.tflite", "--json"))["signature"] == f"by key {name}"
    assert "does not hold" in " ".join(called("inspect", tmp_path / "altered.tflite").stdout.split())


def test_what_a_pack_asks_of_a_patch_is_shown_where_it_is_stated(small_pack_path):
    needs = read_any_pack(SHIPPED_WAVES).manifest.patch
    shown = " ".join(called("inspect", SHIPPED_WAVES).stdout.split())
    assert f"{needs.flash_bytes:,} bytes of flash" in shown
    assert "not stated" in called("inspect", small_pack_path).stdout
