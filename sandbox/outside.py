"""One world, assembled: time, carrier, residents, desks and teams, from what `PUT /_sandbox/world` brought."""

from __future__ import annotations

from sandbox.audit import Waiver
from sandbox.backend import Backend
from sandbox.carrier.exchange import Exchange
from sandbox.carrier.faults import FaultRates
from sandbox.carrier.messages import Message
from sandbox.carrier.switchboard import Switchboard
from sandbox.ledger import Ledger
from sandbox.phone.handset import Handset
from sandbox.residents.crowd import Crowd
from sandbox.services.agents import Agents
from sandbox.services.desk import Desk
from sandbox.services.teams import VisitingTeams
from sandbox.timeline import Timeline, stamp
from sandbox.world import World, subscribers


class Outside:
    def __init__(self, world: World, backend: Backend | None = None) -> None:
        """`backend`: the product by another way than over the network."""
        self.world = world
        self.timeline = Timeline(world.start)
        self.ledger = Ledger()
        self.waivers: list[Waiver] = []
        self._backend = backend or Backend(world.callbacks, world.auth_token)
        lines = subscribers(world.people)
        desk = Desk(seed=world.seed, timeline=self.timeline, ledger=self.ledger, backend=self._backend)
        crowd = self._crowd = Crowd(
            lines,
            self.timeline,
            desk.intend,
            ledger=self.ledger,
            seed=world.seed,
            browser=self._backend.browser(),
        )
        self.exchange = Exchange(
            account_sid=world.account_sid,
            seed=world.seed,
            timeline=self.timeline,
            ledger=self.ledger,
            backend=self._backend,
            lines=lines,
            rates=FaultRates.model_validate(world.faults),
            on_delivered=self._deliver,
        )
        self.switchboard = Switchboard(
            account_sid=world.account_sid,
            auth_token=world.auth_token,
            seed=world.seed,
            timeline=self.timeline,
            ledger=self.ledger,
            backend=self._backend,
            rates=lambda: self.exchange.rates,
            pick_up=crowd.pick_up,
            on_talked=crowd.hang_up,
        )
        self.exchange.in_hand = self.switchboard.handsets
        crowd.use(self.exchange)
        desk.open()
        VisitingTeams(world=world, timeline=self.timeline, ledger=self.ledger, backend=self._backend, desk=desk).open()
        Agents(world=world, timeline=self.timeline, ledger=self.ledger, backend=self._backend).open()

    def hand_out(self, number: str, owner: str, born: str) -> Handset:
        """Put a phone into somebody's hand. `born` is the month, `2026-03`."""
        handset = Handset(number, owner, born, clock=lambda: stamp(self.timeline.now))
        self.switchboard.handsets[number] = handset
        return handset

    @property
    def handset(self) -> Handset | None:
        return next(iter(self.switchboard.handsets.values()), None)

    def _deliver(self, message: Message) -> None:
        handset = self.switchboard.handsets.get(message.to)
        if handset is not None:
            handset.receive(message.body)
        else:
            self._crowd.read(message)

    def close(self) -> None:
        self._crowd.close()
        self._backend.close()
