"""A board as a file."""

MEMORY = {
    "total_bytes": "1000000", "source": '"its data sheet"', "reserved_bytes": "400000", "reserved_source": '"measured"',
}  # fmt: skip
FIGURE = {"low": "5", "typical": "6", "high": "7", "source": '"its data sheet"'}
MINE = {
    "schema_version": "1", "name": '"mine"', "title": '"Mine"', "core": '"cortex-m4"', "clock.mhz": "64",
    "clock.source": '"its data sheet"',
    **{f"{memory}.{key}": value for memory in ("flash", "ram") for key, value in MEMORY.items()},
    **{f"{name}.{key}": value for name in ("cycles_per_instruction", "active_mw", "asleep_uw")
       for key, value in FIGURE.items()},
}  # fmt: skip


def profile(**changed):
    """A board file as somebody might write it, with lines changed or left out."""
    lines = MINE | {name.replace("__", "."): value for name, value in changed.items()}
    return "\n".join(f"{name} = {value}" for name, value in lines.items() if value is not None).encode()
