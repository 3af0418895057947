"""What `anyecg flash` shows: the device, what it is offered, the plan, a bar, and how it went."""

import contextlib
from types import TracebackType
from typing import Any, Final, Self, assert_never

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.status import Status

from ble_gateway.flash.conversation import Reconnecting
from ble_gateway.flash.flash import Event, Planned, Sending, Sent, Stage, Tried, running_label
from ble_gateway.flash.offer import Content
from ble_gateway.flash.plan import FlashPlan, Refuse, Skip, Upload, UploadImage
from ble_gateway.flash.state import DeviceState, ImageOffer, PackOffer, Patch
from edge.cli.console import errors
from edge.signature import BadlySigned, SignedBy, Signing, Unsigned

_KEY_SHOWN: Final = 16


class FlashScreen:
    """Shows each step as it is told.

    Parameters
    ----------
    console
        Where lines go; the bar goes to stderr.
    content
        What is flashed.
    """

    def __init__(self, console: Console, content: Content) -> None:
        self.content = content
        self._console = console
        self._live: Progress | Status | None = None
        self._bar: TaskID | None = None
        self._stage: Stage | None = None
        self._planned: Planned | None = None
        self._resumed_bytes: int | None = None
        self._result = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._finish()
        else:
            self._clear()

    @property
    def planned(self) -> Planned:
        """What was planned.

        Raises
        ------
        LookupError
            Before the device was asked.
        """
        if self._planned is None:
            raise LookupError("nothing is planned yet")
        return self._planned

    def searching(self, where: str) -> contextlib.AbstractContextManager[object]:
        """Show that a device is looked for."""
        return errors.status(f"asking {escape(where)}")

    def tell(self, event: Event) -> None:
        """Show a step."""
        match event:
            case Planned():
                self._planned = event
                self._show_plan(event)
            case Stage():
                self._enter(event)
            case Sent():
                self._show_sent(event)
            case Sending():
                self._result = _rate(event)
            case Tried(windows):
                self._result = _tried(windows)
            case Reconnecting(why, attempt, attempts):
                self._say("link", f"[yellow]lost[/] ({escape(why)}): attempt {attempt} of {attempts}")
            case _:
                assert_never(event)

    def _show_plan(self, planned: Planned) -> None:
        for name, text in device_lines(planned.device):
            self._say(name, text)
        for name, text in _offer_lines(self.content, planned.device.patch):
            self._say(name, text)
        self._say("plan", _plan_line(planned.plan))

    def _enter(self, stage: Stage) -> None:
        self._finish()
        self._stage = stage
        if stage is Stage.UPLOADING:
            progress = _progress_bar()
            self._bar = progress.add_task("uploading", total=len(self.content.data))
            self._live = progress
        else:
            self._live = Status(f"{stage}", console=errors)
        self._live.start()

    def _show_sent(self, sent: Sent) -> None:
        if not isinstance(self._live, Progress) or self._bar is None:
            return
        if self._resumed_bytes is None:
            self._resumed_bytes = sent.at_bytes
            if sent.at_bytes:
                self._say("resumed", f"{sent.at_bytes:,} of {sent.size_bytes:,} bytes are on the device already")
            # Anew, so that bytes that were there do not count as speed.
            self._live.reset(self._bar, completed=sent.at_bytes)
            return
        self._live.update(self._bar, completed=sent.at_bytes)

    def _finish(self) -> None:
        """End what was being done; it was done."""
        self._clear()
        stage, self._stage = self._stage, None
        result, self._result = self._result, ""
        if stage is not None:
            name, text = _done(stage, self.content)
            self._say(name, result or text)

    def _clear(self) -> None:
        """Take away what moves."""
        if self._live is not None:
            self._live.stop()
        self._live = self._bar = None

    def _say(self, name: str, text: str) -> None:
        """Print a line; what moves is on the other stream, and steps aside."""
        if self._live is not None:
            self._live.stop()
        self._console.print(f"[dim]{name:<10}[/]{text}", soft_wrap=True)
        if self._live is not None:
            self._live.start()


def _progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
        transient=True,
    )


def device_lines(device: DeviceState) -> list[tuple[str, str]]:
    """Say what a device is and runs, as rows of a name and rich markup."""
    rows = []
    if patch := device.patch:
        charge = f"battery {patch.battery_percent} %" if patch.battery_percent is not None else "fed from a wire"
        rows.append(("device", f"{escape(patch.board)}, firmware {escape(patch.firmware)}, {charge}"))
        rows.append(("runs", escape(running_label(patch.running))))
    else:
        rows.append(("device", "speaks SMP, and keeps no packs"))
        running = next((image.version for image in device.images or () if image.active), "unknown")
        rows.append(("runs", f"firmware {escape(running)}"))
    return rows


def _offer_lines(content: Content, patch: Patch | None) -> list[tuple[str, str]]:
    offer = content.offer
    match offer:
        case PackOffer():
            rows = [("offered", f"{escape(content.label)}, {offer.size_bytes:,} bytes, {_signed(offer.signing)}")]
            if offer.needs:
                needed = offer.needs.ram_bytes + offer.needs.stack_bytes
                of = f" of {patch.ram_bytes:,}" if patch else ""
                rows.append(("needs", f"{needed:,}{of} bytes of RAM, {offer.needs.flash_bytes:,} bytes as C"))
            return rows
        case ImageOffer():
            signed = "signed for its boot loader" if offer.signed else "[yellow]not signed[/]"
            return [("offered", f"{escape(content.label)}, {offer.size_bytes:,} bytes, {signed}")]
        case _:
            assert_never(offer)


def _signed(signing: Signing) -> str:
    match signing:
        case Unsigned():
            return "[yellow]not signed[/]"
        case SignedBy():
            return f"signed by key {signing.fingerprint[:_KEY_SHOWN]}"
        case BadlySigned(why):
            return f"[red]badly signed[/] ({escape(why)})"
        case _:
            assert_never(signing)


def _plan_line(plan: FlashPlan) -> str:
    match plan:
        case Skip(where, ends_trial):
            reset = "; a reset ends the trial of another" if ends_trial else ""
            return f"nothing to do: it is in {escape(where)} already, and confirmed{reset}"
        case Refuse(reason):
            return f"[red]refused[/]: {reason.replace('_', ' ')}"
        case Upload(path, ends_trial, overridden):
            reset = "reset the device, which ends a trial, " if ends_trial else ""
            return f"{reset}upload to {escape(path)}, verify, test on the device, confirm{_told(overridden)}"
        case UploadImage(overridden):
            return f"upload, start it, confirm it if it runs{_told(overridden)}"
        case _:
            assert_never(plan)


def _told(overridden: tuple[str, ...]) -> str:
    if not overridden:
        return ""
    return f"; [yellow]allowed: {', '.join(reason.replace('_', ' ') for reason in overridden)}[/]"


def _done(stage: Stage, content: Content) -> tuple[str, str]:
    match stage:
        case Stage.UPLOADING:
            return "uploaded", f"{len(content.data):,} bytes"
        case Stage.VERIFYING:
            return "verified", "the device's SHA-256 is the file's"
        case Stage.TRYING:
            return "tried", "its self-test passes on the device"
        case Stage.CONFIRMING:
            return "confirmed", f"[green]{escape(content.label)} runs, after a reset, too[/]"
        case Stage.RESTARTING:
            return "restarted", "the device is back"
        case _:
            assert_never(stage)


def _rate(sending: Sending) -> str:
    if not sending.sent_bytes:
        return "nothing: all of it was there"
    kilobytes_s = sending.sent_bytes / max(sending.seconds, 1e-3) / 1e3
    return f"{sending.sent_bytes:,} bytes in {sending.seconds:.1f} s, {kilobytes_s:.1f} kB/s"


def _tried(windows: int) -> str:
    if not windows:
        return "its self-test passed before, and it is on trial"
    return f"its self-test passes on the device ({windows} window{'s' if windows > 1 else ''})"


def plan_json(planned: Planned, content: Content) -> dict[str, Any]:
    """Return the device, the offer and the plan for machines."""
    patch, plan = planned.device.patch, planned.plan
    told: dict[str, Any] = {
        "offered": content.label,
        "size_bytes": len(content.data),
        "sha256": content.offer.sha256.hex(),
        "device": None,
        "plan": type(plan).__name__.lower(),
    }
    if patch:
        told["device"] = {
            "board": patch.board,
            "firmware": patch.firmware,
            "battery_percent": patch.battery_percent,
            "ram_bytes": patch.ram_bytes,
            "runs": running_label(patch.running),
        }
    match plan:
        case Skip(where):
            return told | {"where": where}
        case Refuse(reason, facts, also):
            return told | {"reason": str(reason), "facts": facts, "also": [str(other) for other in also]}
        case Upload(path, _, overridden):
            return told | {"where": path, "overridden": [str(reason) for reason in overridden]}
        case UploadImage(overridden):
            return told | {"overridden": [str(reason) for reason in overridden]}
        case _:
            assert_never(plan)
