"""What programs call: proposals in, answers of people in, runs out.

Every method is one step: it reads the run, asks `transition`, and writes the next version with its
audit leaves, messages and timers in one transaction. Nothing waits in the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from gatewright.dsl.records import dataclass
from gatewright.engine.action import Action
from gatewright.engine.canonical import canonical_json
from gatewright.engine.reading.problems import concealed
from gatewright.engine.runtime import (
    dead_letters,
    delegating,
    erasing,
    failpoints,
    measuring,
    queueing,
    telemetry,
)
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.delegating import Given
from gatewright.engine.runtime.desk import Desk, People, Source
from gatewright.engine.runtime.directory import FileDirectory
from gatewright.engine.runtime.erasing import Erased
from gatewright.engine.runtime.errors import DamagedRun, Edited, EditedRun, GateError, Refused
from gatewright.engine.runtime.notifying import Notifier
from gatewright.engine.runtime.ports import Connector
from gatewright.engine.runtime.proposing import Proposal, Proposing, taken_back
from gatewright.engine.runtime.run import Document, Run, State
from gatewright.engine.runtime.standing import Waiting, waits_for
from gatewright.engine.runtime.store import payloads, runs, trail
from gatewright.engine.runtime.store.database import Clock, Database, open_database
from gatewright.engine.runtime.store.messages import DeadLetter
from gatewright.engine.runtime.store.migrations import ensure
from gatewright.engine.runtime.transition import ARROWS, advice
from gatewright.engine.runtime.wording import (
    LONGEST_NAME,
    MOST_ACTION_BYTES,
    can_be_kept,
    has_nul,
    require_short,
    require_text,
    who,
)
from gatewright.engine.values import Timestamp


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one of several answers: the run's state then, or the error."""

    run: str
    state: State | None
    error: GateError | None = None


class Gate:
    """Holds proposals until they may run. May be shared by threads; any number may share a store.

    `policy` is a set, or a function that gives the one in force. `directory` says who people are,
    or is a function that gives the directory of now; without one nobody can answer. `notifiers` are
    told what happens to runs, by a `Worker`. `seal` encrypts plans that hold secrets; without one
    such plans are refused. `preview_timeout_s` is how long a connector may take to show what would
    change. `clock` replaces the store's, for tests.
    """

    def __init__(
        self,
        policy: Source,
        *,
        store: str | Database = "sqlite:///gate.db",
        connectors: Iterable[Connector] = (),
        notifiers: Iterable[Notifier] = (),
        directory: People | None = None,
        seal: payloads.Seal | None = None,
        clock: Clock | None = None,
        preview_timeout_s: float = 30.0,
    ) -> None:
        database = open_database(store, clock=clock) if isinstance(store, str) else store
        ensure(database)
        self.desk = Desk(
            policy, database, connectors, directory or FileDirectory(), seal, notifiers,
            preview_timeout_s,
        )  # fmt: skip
        self._proposing = Proposing(self.desk)

    def close(self) -> None:
        """Close the connections to the store."""
        telemetry.unwatch(self.desk)
        self.desk.database.close()

    # --- proposals

    def propose(
        self, action: Action | Mapping[str, object], *, requester: str | None = None
    ) -> Run:
        """Preview and decide about an action, and keep it as a run.

        `requester` is who brings it, the agent unless the host knows better. The same idempotency
        key and action again give the run that there is already. Raises PreviewFailed where nobody
        can see what would change, Refused for a key that was used for something else, and GateError
        for an action that cannot be read or names no system.
        """
        require_text(requester, "requester's id", LONGEST_NAME)
        read = self._read(action)
        agent = read.agent.id if read.agent else None
        brought_by = who(requester) if requester else agent
        return self._proposing.propose(Proposal(read, brought_by))

    def branch(self, run: str, action: Action | Mapping[str, object], *, by: str) -> Run:
        """Propose another plan instead; a run that still waits is cancelled in the same step."""
        parent = self.run(run)
        return self._proposing.propose(Proposal(self._read(action), who(by), parent))

    def compensate(self, run: str, *, by: str, note: str | None = None) -> Run:
        """Propose to take back what a run did: previewed, decided and kept as a run of its own."""
        require_text(note, "note")
        parent = self.desk.as_left(run)
        if parent.relation == "compensation":
            raise Refused(
                "takes_back", f"run `{run}` takes another one back",
                "to do that again, propose it again",
            )  # fmt: skip
        receipt = parent.attempt.receipt if parent.attempt else None
        if parent.state in (State.COMPENSATING, State.COMPENSATED):
            raise taken_back(parent, parent.compensation)
        if parent.state not in ARROWS[on.CompensationBegan] or receipt is None:
            is_unknown = parent.state is State.OUTCOME_UNKNOWN
            raise Refused(
                "nothing_done",
                f"nobody knows whether run `{run}` did anything" if is_unknown
                else f"run `{run}` did nothing that can be taken back",
                advice(parent) if is_unknown
                else "only what was executed here can be taken back",
            )  # fmt: skip
        data = self.desk.plan_of(parent).to_dict()
        data.pop("idempotency_key", None)
        named = f"{parent.action}.compensate"
        if named in self.desk.policy.about("").actions:
            data["action"] = named
        data["context"] = {"trigger": f"takes back {run}"}
        return self._proposing.propose(Proposal(self._read(data), who(by), parent, receipt, note))

    def revise(self, run: str, action: Action | Mapping[str, object], *, by: str) -> Run:
        """Give a run another plan: a new round with a new preview, decision and card.

        The plan is of the same action, system and agent: `branch` proposes anything else.
        """
        return self._proposing.revise(run, self._read(action), who(by))

    def retry(self, run: str, *, by: str) -> Run:
        """Try the plan of a failed run once more: previewed, decided and asked again."""
        return self._proposing.retry(run, who(by))

    # --- people

    def approve(
        self, run: str, *, by: str, card: str, route: str | None = None, note: str | None = None
    ) -> Run:
        """Agree with exactly the card whose digest is named; with the last answer the run may run.

        Raises Refused: for another card, too late, twice, or by somebody who is not asked.
        """
        return self._answer(run, on.Approve(who(by), card, route, note))

    def reject(self, run: str, *, by: str, note: str) -> Run:
        """Say no; the run is over."""
        return self._answer(run, on.Reject(who(by), note))

    def request_changes(self, run: str, *, by: str, note: str) -> Run:
        """Ask for another plan; `revise` brings it."""
        return self._answer(run, on.RequestChanges(who(by), note))

    def take_over(self, run: str, *, by: str, note: str | None = None) -> Run:
        """Go on by hand; `complete_manually` ends it."""
        return self._answer(run, on.TakeOver(who(by), note))

    def complete_manually(
        self, run: str, *, by: str, record: Mapping[str, object] | None = None,
        executed: bool = True, note: str | None = None,
    ) -> Run:  # fmt: skip
        """Write down what was done by hand, or found out about a run of unknown outcome."""
        return self._answer(run, on.Complete(who(by), executed, dict(record or {}), note))

    def cancel(self, run: str, *, by: str, note: str | None = None) -> Run:
        """Give a run up before anything is done."""
        return self._answer(run, on.Cancel(who(by), note))

    def comment(self, run: str, *, by: str, text: str) -> Run:
        """Say something that everybody who looks at the run sees."""
        return self._answer(run, on.Say(who(by), text))

    def approve_all(self, cards: Mapping[str, str], *, by: str) -> list[Answered]:
        """Approve several runs, each by itself: `cards` gives the digest that binds each.

        Returns what became of each, in the order of `cards`; one that is refused stops no other.
        """
        answered: list[Answered] = []
        for run, card in cards.items():
            try:
                answered.append(Answered(run, self.approve(run, by=by, card=card).state))
            except GateError as error:
                answered.append(Answered(run, None, error))
        return answered

    def _answer(self, run: str, event: on.Event) -> Run:
        require_short(event)
        kind = measuring.KINDS[type(event)]
        with telemetry.span("answer", run=run, kind=kind) as span:
            changed = self.desk.change(run, event, "answer.recorded")
            failpoints.passed("answer.committed")
            span.set(state=changed.state.value)
        measuring.answered(event)
        return changed

    # --- delegation

    def delegate(self, *, giver: str, taker: str, from_at: Timestamp, until_at: Timestamp) -> str:
        """Let somebody answer in another's place for a while, and return the delegation's id."""
        return delegating.delegate(
            self.desk, giver=who(giver), taker=who(taker), from_at=from_at, until_at=until_at
        )

    def revoke(self, delegation: str, *, by: str) -> None:
        """End a delegation early; whoever gave it can."""
        delegating.revoke(self.desk, delegation, by=who(by))

    def delegations(self, *, person: str | None = None) -> list[Given]:
        """Return who stands in for whom, now or later; of one person those by and to them."""
        if person is not None and not can_be_kept(person):
            return []
        return delegating.standing(self.desk, None if person is None else who(person))

    # --- messages

    def dead_letters(
        self, *, most: int | None = 100, message: str | None = None, notifier: str | None = None
    ) -> list[DeadLetter]:
        """Return messages that some notifier did not take and will not get, the oldest first.

        Those of one message, or for one notifier, where these are named; `most` None: all.
        """
        return dead_letters.dead_letters(self.desk, most, message, notifier)

    def redeliver(self, message: str, *, notifier: str, by: str) -> None:
        """Let a message that was given up be told after all; raises Refused where it is not."""
        dead_letters.redeliver(self.desk, message, notifier=notifier, by=who(by))

    def drop(self, message: str, *, notifier: str, by: str) -> None:
        """Leave a message that was given up untold for good; raises Refused where it is not."""
        dead_letters.drop(self.desk, message, notifier=notifier, by=who(by))

    # --- erasing

    def erase(self, run: str, *, by: str, because: str, counted: bool = False) -> Erased:
        """Erase what an ended run was about: its plan, what was shown and written, people's words.

        Who answered, when, by which rules and what became of it stays, and so does `because`. The
        trail still holds. Refused while limits may count the run, unless `counted`: then those that
        look at its values err, and do not open.
        """
        return erasing.erase(self.desk, run, by=who(by), because=because, counted=counted)

    # --- looking

    def run(self, run: str) -> Run:
        """Return a run; raises NoSuchRun."""
        return self.desk.run(run)

    def queue(self, *, person: str | None = None, most: int = 100) -> list[Run]:
        """Return what waits for people, the oldest first; for one person what they may answer.

        Cost: as many runs as are returned, and those that the person answered or must not answer.
        """
        if person is None:
            return self.listed([State.PENDING], most=most)
        named = who(person)
        return self.desk.database.retrying(
            lambda c: queueing.queue(self.desk, c, named, most), "reading"
        )

    def listed(self, states: Iterable[State], *, most: int = 100) -> list[Run]:
        """Return the runs that are in one of these states, the oldest first."""
        wanted = tuple(states)
        return self.desk.database.retrying(lambda c: queueing.listed(c, wanted, most), "reading")

    def edited(self, run: str) -> Edited | None:
        """Return what of a run somebody edited since its last step, so that no other is taken.

        None where nothing was; raises NoSuchRun. Cost: one look-up.
        """
        try:
            self.desk.as_left(run)
        except EditedRun as error:
            return error.what
        except DamagedRun:
            return "its row"
        return None

    def counted(self, states: Iterable[State]) -> dict[State, int]:
        """Return how many runs are in each of these states, those that none is in left out."""
        wanted = tuple(states)
        return self.desk.database.retrying(lambda c: runs.counted(c, wanted), "reading")

    def waits_for(self, run: Run) -> tuple[Waiting, ...]:
        """Return which routes still need an answer, and who may give it now."""

        def work(connection: Connection) -> tuple[Waiting, ...]:
            action, now = self.desk.action_of(run, connection), self.desk.now_for(connection, run)
            return waits_for(run, self.desk.roster(connection, run, action, now))

        return self.desk.database.retrying(work, "reading") if run.state == "pending" else ()

    def trail(self, run: str) -> list[Document]:
        """Return the entries of the audit trail about a run, the oldest first."""
        if not can_be_kept(run):
            return []
        return self.desk.database.retrying(lambda c: trail.of_run(c, run), "reading")

    def _read(self, action: Action | Mapping[str, object]) -> Action:
        """Read an action; what cannot be read as a whole is not proposed in parts."""
        read, problems = Action.read(action)
        if problems:
            problem = concealed(problems[0], self.desk.policy.secrets.fields, own=True)
            raise _bad_action(str(problem))
        if not read.name:
            raise _bad_action("it has no name")
        content = read.to_dict()
        if has_nul(content):
            raise _bad_action("a text in it has a NUL character, which no database keeps")
        size = len(canonical_json(content))
        if size > MOST_ACTION_BYTES:
            raise _bad_action(
                f"it has {size:,} bytes as JSON, with all that its agent says; at most"
                f" {MOST_ACTION_BYTES:,} are kept"
            )
        return read


def _bad_action(why: str) -> GateError:
    return GateError(
        "bad_action",
        f"this is no action: {why}",
        "docs/language.md, Actions as JSON, shows all of its keys",
    )
