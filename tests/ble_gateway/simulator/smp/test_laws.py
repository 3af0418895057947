"""The law of the slots: whatever happens, what runs has passed its self-test and is on trial, or has been confirmed.

Or it is what the patch left the factory with.
"""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from smp import file_management as fs
from smp import os_management as os_group

from ble_gateway.flash import messages
from ble_gateway.simulator.smp.mishaps import Plan, Wrong
from ble_gateway.simulator.smp.runner import CannotRun, SelfTested
from tests.ble_gateway.simulator.smp.asking import TableRunner, Then, pack_of, patch, sha

GOOD = (pack_of("1.0.0"), pack_of("1.1.0"), pack_of("1.2.0"))
FAILING, DEAD, ELSEWHERE = pack_of("2.0.0"), pack_of("2.1.0"), pack_of("2.2.0", board="elsewhere")
PACKS = (*GOOD, FAILING, DEAD, ELSEWHERE, GOOD[0][:5000], b"no pack")
FACTORY = b"what it left the factory with"
WHICH = st.integers(0, len(PACKS) - 1)
CHUNK = 60_000
PATHS = ("/packs/0", "/packs/1")

troubled = st.builds(
    Plan,
    seed=st.integers(0, 1000),
    cut_at=st.lists(st.integers(0, 900_000), max_size=3).map(tuple),
    reset_at=st.lists(st.integers(0, 900_000), max_size=3).map(tuple),
    lost=st.sampled_from([0.0, 0.1]),
    refused=st.sampled_from([0.0, 0.1]),
    wrongs=st.sampled_from([(), (), (Wrong.HASH,), (Wrong.FLIP,), (Wrong.SELF_TEST,)]).map(frozenset),
)
plans = st.just(Plan()) | st.just(Plan()) | troubled


class AnyDay(RuleBasedStateMachine):
    """A patch, whoever flashes it, and what is known to have passed and been confirmed."""

    @initialize(plan=plans)
    def switched_on(self, plan):
        self.memory = {}
        self.runner = TableRunner({FAILING: SelfTested(2, 1), DEAD: CannotRun("it has no C")})
        self.plan = plan
        self.asked = patch(self.runner, plan, memory=self.memory, factory=FACTORY, buffer_bytes=1 << 16)
        self.confirmed: set[bytes] = set()
        self.damaged = False

    def tell(self, request):
        reaction = self.asked.react(request)
        if reaction.then is Then.RESET:
            self.asked.device.reset()

    @rule(which=WHICH, path=st.sampled_from(PATHS), part=st.sampled_from([0.3, 1.0]))
    def upload(self, which, path, part):
        data = PACKS[which]
        for off in range(0, round(len(data) * part), CHUNK):
            size = len(data) if off == 0 else None
            self.tell(fs.FileUploadRequest(off=off, data=data[off : off + CHUNK], name=path, len=size))

    @rule(which=WHICH, path=st.sampled_from(PATHS), off=st.sampled_from([CHUNK, 2 * CHUNK]))
    def write_anywhere(self, which, path, off):
        self.tell(fs.FileUploadRequest(off=off, data=PACKS[which][off : off + CHUNK], name=path))

    @rule(which=WHICH, path=st.sampled_from(PATHS))
    def try_(self, which, path):
        self.tell(messages.TryRequest(path=path, sha256=sha(PACKS[which])))

    @rule(which=WHICH, path=st.sampled_from(PATHS), confirms=st.booleans())
    def flash(self, which, path, confirms):
        self.upload(which, path, 1.0)
        self.try_(which, path)
        if confirms:
            self.confirm(which)

    @rule(which=WHICH)
    def confirm(self, which):
        on_trial, wanted = self.asked.device.slots.on_trial, sha(PACKS[which])
        self.tell(messages.ConfirmRequest(sha256=wanted))
        if on_trial is not None and on_trial.sha256 == wanted:
            self.confirmed.add(PACKS[which])

    @rule()
    def close(self):
        self.tell(fs.FileCloseRequest())

    @rule()
    def wait(self):
        self.asked.now_s += 2.0

    @rule()
    def reset_by_command(self):
        self.tell(os_group.ResetWriteRequest())

    @rule()
    def power_cut(self):
        self.asked.device.reset()
        assert self.asked.device.slots.on_trial is None

    @rule()
    def switched_off_and_on(self):
        self.asked = patch(self.runner, self.plan, memory=self.memory, factory=FACTORY, buffer_bytes=1 << 16)

    @precondition(lambda self: not self.damaged)
    @rule(slot=st.sampled_from(["pack0", "pack1", "confirmed"]), at=st.integers(0, 10**6), bit=st.integers(0, 7))
    def flash_memory_ages_while_it_is_off(self, slot, at, bit):
        data = self.memory.get(slot)
        if data:
            at %= len(data)
            self.memory[slot] = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            self.damaged = True
            self.switched_off_and_on()

    @invariant()
    def runs_what_it_may(self):
        if not hasattr(self, "asked"):
            return
        running, trial = self.asked.device.running_file(), self.asked.device.slots.on_trial
        if trial is not None:
            assert running in GOOD
            assert running in self.runner.tested
        else:
            assert running == FACTORY or (running in GOOD and running in self.confirmed)


AnyDay.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
TestAnyDay = AnyDay.TestCase
