"""Files out of the page cache."""

from pathlib import Path

from benchmarks.bench.measuring.loading import dropped


def test_what_a_process_has_mapped_is_said_to_stay(tmp_path: Path) -> None:
    import mmap

    mapped = tmp_path / "mapped.bin"
    mapped.write_bytes(bytes(1 << 20))
    with mapped.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as pages:
        assert sum(pages[i] for i in range(0, 1 << 20, 4096)) == 0
        assert dict(dropped([mapped]))["mapped.bin"] > 0.5


def test_a_file_that_was_dropped_is_not_named_and_one_that_stays_is(tmp_path: Path) -> None:
    file = tmp_path / "pack.bin"
    file.write_bytes(bytes(1 << 16))
    for share in dict(dropped([file])).values():  # a file system may keep it; it is then said so
        assert 0.0 < share <= 1.0
