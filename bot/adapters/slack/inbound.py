"""From something heard to an event in the store: who, where, and then the intake.

When `take` returns, it is durable, and only then does Slack hear that we have it. Everything that only
changes what people see is an errand afterwards. Whatever was said where, the talk goes on in the
person's own DM.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from bot.adapters.slack.errands import Errands
from bot.adapters.slack.heard import Heard, HomeOpened, Where
from bot.adapters.slack.outside import Outside
from bot.adapters.slack.people import People, Person
from bot.ports.clock import Clock
from bot.ports.intake import Incoming, Intake
from bot.ports.posts import Posts

_HERE = timedelta(minutes=1)
"""How long we do not look again whether a DM's address is still the one we know."""
_KNOWN = 5000


class Inbound:
    def __init__(
        self,
        intake: Intake,
        people: People,
        posts: Posts,
        outside: Outside,
        errands: Errands,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._people = people
        self._posts = posts
        self._outside = outside
        self._errands = errands
        self._clock = clock
        self._met: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    async def take(self, heard: Heard) -> Person | None:
        """Take it durably; the member who did it, or None for somebody who was turned away. Raises
        TransientError or ConflictError when nothing was taken."""
        person = await self._people.served(heard.user, heard.workspace, heard.enterprise, key=heard.key)
        if person is None:
            return None
        if heard.opens:
            self._errands.send(self._outside.open_form(heard, person), urgent=True)
            return person
        reply = await self._intake.receive(incoming(heard, person))
        match heard.where:
            case Where.DIRECT:
                self._meet(heard, person)
            case Where.MENTION if heard.unheard == "":
                self._errands.send(self._outside.point_to_dm(heard, person))
            case Where.SHORTCUT:
                self._errands.send(self._outside.point_to_dm(heard, person))
            case Where.PRESS | Where.FORM if heard.ref is not None:
                self._errands.send(self._outside.settle(heard, person, reply))
            case Where.HOME:
                self._errands.send(self._outside.publish_home(person, team=heard.workspace))
        return person

    async def look_home(self, opened: HomeOpened) -> None:
        """Draw App Home for somebody who looks at it."""
        person = await self._people.served(opened.user, opened.workspace, opened.enterprise, key=opened.key)
        if person is not None:
            self._errands.send(self._outside.publish_home(person, team=opened.workspace, seen=opened.seen))

    def sorry(self, heard: Heard) -> None:
        """Say, where something could not be taken, that it was not."""
        self._errands.send(self._outside.tell(heard, "try_again", ""), urgent=True)

    async def is_dm(self, person: Person, channel: str) -> bool:
        """Whether that channel is the person's own DM with us, where the answer can be seen anyway."""
        known = await self._posts.address(person.place)
        return known is not None and known.body.get("channel") == channel

    def _meet(self, heard: Heard, person: Person) -> None:
        """Keep where this person writes to us; at most once a minute for each."""
        now, known = self._clock.now(), (person.user, heard.channel)
        if now - self._met.get(known, now - _HERE) >= _HERE:
            self._met[known] = now
            self._met.move_to_end(known)
            if len(self._met) > _KNOWN:
                self._met.popitem(last=False)
            self._errands.send(self._posts.learn(person.place, {"channel": heard.channel}))


def incoming(heard: Heard, person: Person) -> Incoming:
    """What the intake is told. The workspace's network is Slack's and says nothing of the person's."""
    return Incoming(
        place=person.place,
        user=person.user,
        dedupe_key=heard.key,
        text=heard.text,
        choice=heard.choice,
        form=heard.form,
        locale=person.claim.locale,
        hint_oid=person.claim.oid,
        linked=person.claim.linked,
        quoted=heard.where is Where.SHORTCUT and bool(heard.text),
        unheard=heard.unheard,
    )
